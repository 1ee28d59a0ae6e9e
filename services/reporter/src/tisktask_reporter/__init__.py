"""The reporter: makes the forge show the state of each run and job."""
