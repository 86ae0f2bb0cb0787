"""The family files that a service knows: adults, children, who pays, the quotient."""
