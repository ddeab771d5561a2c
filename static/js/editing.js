// A file's Markdown goes into the text where the cursor is.
document.addEventListener("click", (event) => {
  const text = event.target.closest("[data-insert]")?.dataset.insert;
  const body = document.getElementById("body");
  if (text) body.setRangeText(text, body.selectionStart, body.selectionEnd, "end");
  if (text) body.dispatchEvent(new Event("input", { bubbles: true }));
});
