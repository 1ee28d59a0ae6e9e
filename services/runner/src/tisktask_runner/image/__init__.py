"""The image of a job: which build file makes it, its content key, and the build."""
