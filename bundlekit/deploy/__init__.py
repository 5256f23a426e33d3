"""Install a bundle on a gateway and live with it there."""
