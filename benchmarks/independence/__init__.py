"""Whether one program changes what another one gets."""
