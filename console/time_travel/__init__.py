"""An earlier moment shown in the running console: having it made, the way there and back."""
