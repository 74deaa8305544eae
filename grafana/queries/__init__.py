"""Questions of the boards, apart from the panels that show their answers."""
