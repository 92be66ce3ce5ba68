"""What a finding stands on: knowledge snippets and normal exemplars."""
