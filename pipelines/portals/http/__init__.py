"""Send requests to a portal: retry them, read the response and interpret errors."""
