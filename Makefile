# The five commands that people type.
.PHONY: run test test-slow check docs

run:
	streamlit run app.py

test:
	pytest

test-slow:
	pytest -m slow

check:
	ruff check .
	ruff format --check .
	ty check
	lint-imports
	deptry .
	python -m docs.generate --check

docs:
	python -m docs.generate
