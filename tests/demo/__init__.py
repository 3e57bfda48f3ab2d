"""The demo's portal and its made-up rows are what they claim."""
