"""The screen: the only room with Textual and plotext. It draws a session and sends commands."""
