"""Being on duty: what is open and what was promised, handing it over, and whether routing can work at all."""
