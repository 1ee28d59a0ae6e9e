"""What `tisktask doctor` looks at: each module gives findings, each finding a remedy."""
