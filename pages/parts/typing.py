"""Commit what is typed into long text fields while it is typed, not only when they are left."""

from __future__ import annotations

import streamlit as st

# Streamlit commits a text area on Ctrl+Enter; a short pause in typing does the same here.
SCRIPT = """
export default function () {
  let pause
  const typed = ({ target }) => {
    if (target.tagName !== "TEXTAREA") return
    clearTimeout(pause)
    pause = setTimeout(() => target.dispatchEvent(new KeyboardEvent("keydown", {
      key: "Enter", code: "Enter", ctrlKey: true, bubbles: true, cancelable: true,
    })), 600)
  }
  document.addEventListener("input", typed, true)
  return () => {
    clearTimeout(pause)
    document.removeEventListener("input", typed, true)
  }
}
"""

_component = st.components.v2.component("commit_while_typing", html="<span></span>", js=SCRIPT)


def commit_while_typing() -> None:
    """Commit every text area of the page after a pause in typing."""
    _component(key="commit-while-typing", height=1)
