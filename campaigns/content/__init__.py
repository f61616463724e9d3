"""How one mail is made: template -> merge values -> HTML and text -> the bytes that go out. No models, no settings."""
