"""What meters say: gateways, meters, readings and the charges made from them."""
