
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

// Many images can be searched, filtered and sorted: by what stands on their cards.
const fewCards = 8;
for (const list of document.querySelectorAll("ul.cards")) {
  const cards = [...list.children].map((item, order) => {
    const text = selector => item.querySelector(selector)?.textContent ?? "";
    const [label, p] = [...(item.querySelector(".bar")?.querySelectorAll("span") ?? [])].map(span => span.textContent);
    return {item, order, name: text(".name"), label: label ?? "", p: parseFloat(p), failed: item.querySelector(".failed") !== null, all: item.textContent.toLowerCase()};
  });
  if (cards.length < fewCards) continue;

  const make = (tag, properties, ...children) => {
    const element = Object.assign(document.createElement(tag), properties);
    element.append(...children);
    return element;
  };
  const option = (value, text) => make("option", {value}, text);
  const search = make("input", {type: "search", placeholder: "name, class, text"});
  const label = make("select", {}, option("", "all"));
  const least = make("input", {type: "number", min: "0", max: "100", step: "any", placeholder: "0"});
  const failed = make("input", {type: "checkbox"});
  const order = make("select", {}, option("order", "as they came"), option("name", "name"), option("high", "most probable first"), option("low", "least probable first"), option("label", "class"));
  const count = make("output", {});
  count.setAttribute("aria-live", "polite");

  const counts = new Map();
  for (const card of cards) if (card.label !== "") counts.set(card.label, (counts.get(card.label) ?? 0) + 1);
  const compareText = new Intl.Collator("en", {numeric: true}).compare;
  for (const [name, n] of [...counts].sort((a, b) => b[1] - a[1] || compareText(a[0], b[0]))) label.append(option(name, `${name} (${n})`));
  const anyFailed = cards.some(card => card.failed);
  const field = (text, input) => make("label", {}, text + " ", input);
  const form = make("form", {className: "find"}, field("search", search));
  form.setAttribute("role", "search");
  if (counts.size > 0) form.append(field("class", label), field("at least %", least));
  if (anyFailed) form.append(field("failed", failed));
  form.append(field("sort by", order), count, make("button", {type: "reset"}, "show all"));

  const compare = { // what has no probability comes last
    order: (a, b) => a.order - b.order,
    name: (a, b) => compareText(a.name, b.name),
    high: (a, b) => isNaN(a.p) || isNaN(b.p) ? isNaN(a.p) - isNaN(b.p) : b.p - a.p,
    low: (a, b) => isNaN(a.p) || isNaN(b.p) ? isNaN(a.p) - isNaN(b.p) : a.p - b.p,
    label: (a, b) => (a.label === "") - (b.label === "") || compareText(a.label, b.label) || b.p - a.p,
  };
  let ordered = "order";
  const show = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(word => word !== "");
    let shown = 0;
    for (const card of cards) {
      const fits = words.every(word => card.all.includes(word)) && (label.value === "" || card.label === label.value) &&
        (least.value === "" || card.p >= Number(least.value)) && (!failed.checked || card.failed);
      if (card.item.hidden === fits) card.item.hidden = !fits;
      if (fits) shown++;
    }
    if (ordered !== order.value) {
      ordered = order.value;
      list.append(...[...cards].sort((a, b) => compare[ordered](a, b) || a.order - b.order).map(card => card.item));
    }
    count.value = `${shown} of ${cards.length}`;
  };
  form.addEventListener("input", show);
  form.addEventListener("submit", event => event.preventDefault());
  form.addEventListener("reset", () => setTimeout(show)); // when the fields are empty
  list.before(form);
  show();
}

// A slash goes to the search, as in other pages.
document.addEventListener("keydown", event => {
  const search = document.querySelector(".find input[type=search]");
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || search === null || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return;
  event.preventDefault();
  search.focus();
});
