
// A click on a column's head sorts: numbers by the number that their text begins with, what has none last.
for (const head of document.querySelectorAll("th")) {
  head.querySelector("button").addEventListener("click", () => {
    const up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const numeric = head.classList.contains("n"), body = head.closest("table").tBodies[0], sign = up ? 1 : -1;
    const key = row => {
      const text = row.cells[head.cellIndex].firstChild?.textContent ?? ""; // without the note
      return numeric ? parseFloat(text) : text;
    };
    const compare = (a, b) => {
      if (!numeric) return sign * a.localeCompare(b, "en", {numeric: true});
      if (isNaN(a) || isNaN(b)) return isNaN(a) - isNaN(b);
      return sign * (a - b);
    };
    body.append(...[...body.rows].map(row => [key(row), row]).sort((a, b) => compare(a[0], b[0])).map(pair => pair[1]));
  });
}

// What is before and after lie on each other; the slider over them says where one ends.
for (const slider of document.querySelectorAll(".change input")) {
  slider.addEventListener("input", () => slider.parentNode.style.setProperty("--at", slider.value + "%"));
}
