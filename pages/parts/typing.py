"""Commit what is typed into long text fields while it is typed, not only when they are left."""

from __future__ import annotations

import streamlit as st

# Streamlit commits a text area on Ctrl+Enter; a short pause in typing does the same here. It also
# commits it when a link is pressed, but forgets that if the page changes before the server has
# turned to it: a link pressed right after typing waits for so long.
SCRIPT = """
const PAUSE_MS = 600
export default function () {
  let pause
  let typedAt = 0
  const typed = ({ target }) => {
    if (target.tagName !== "TEXTAREA") return
    typedAt = Date.now()
    clearTimeout(pause)
    pause = setTimeout(() => target.dispatchEvent(new KeyboardEvent("keydown", {
      key: "Enter", code: "Enter", ctrlKey: true, bubbles: true, cancelable: true,
    })), PAUSE_MS)
  }
  const left = (event) => {
    const link = event.target.closest("a[href]")
    if (!link || Date.now() - typedAt > 2 * PAUSE_MS) return
    event.preventDefault()
    event.stopImmediatePropagation()
    typedAt = 0
    setTimeout(() => link.click(), PAUSE_MS)
  }
  document.addEventListener("input", typed, true)
  document.addEventListener("click", left, true)
  return () => {
    clearTimeout(pause)
    document.removeEventListener("input", typed, true)
    document.removeEventListener("click", left, true)
  }
}
"""

_component = st.components.v2.component("commit_while_typing", html="<span></span>", js=SCRIPT)


def commit_while_typing() -> None:
    """Commit every text area of the page after a pause in typing."""
    _component(key="commit-while-typing", height=1)
