Component "sip.example"
  component_secret = "change-me"
