"""The script on the gateway, and the conversation with it. Its fixed and variable parts are in `script/`."""
