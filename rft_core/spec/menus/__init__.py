"""The menus: one file a menu, one row a choice, with the facts in which its methods differ."""
