"""The processes that act by themselves: head-end, dispatch, clock. Loops of small steps that tests call one by one."""
