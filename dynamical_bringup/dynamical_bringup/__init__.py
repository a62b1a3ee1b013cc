"""Everything a user starts: bring-up, REST bridge, command line, recorder."""
