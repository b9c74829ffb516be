
"use strict";
(() => {
  const table = document.getElementById("accounts");
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const words = document.getElementById("words");
  const concerned = document.getElementById("concerned");
  const found = document.getElementById("found");
  const point = table.dataset.point;
  let texts = null;

  function show() {
    texts ??= rows.map(row => row.textContent.toLowerCase());
    const wanted = words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, number) => {
      const text = texts[number];
      row.hidden = !wanted.every(word => text.includes(word)) || (concerned.checked && !row.cells[4].textContent);
      shown += !row.hidden;
    });
    found.textContent = shown === rows.length ? "" : `${shown} of ${found.dataset.of}`;
  }

  function amount(text) {
    const digits = [...text.replace(/\u2212/g, "-")].filter(sign => /[-\d]/.test(sign) || sign === point).join("");
    return digits ? Number(digits.replace(point, ".")) : -Infinity;
  }

  const keys = [
    row => row.cells[0].textContent,
    row => row.cells[1].firstElementChild?.dateTime ?? "",
    row => amount(row.cells[2].textContent),
    row => amount(row.cells[3].textContent),
    row => amount(row.cells[4].textContent),
  ];

  function sort(column, head) {
    const down = head.getAttribute("aria-sort") === "ascending" || (!head.ariaSort && column > 0);
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const compare = (one, two) => (one[0] < two[0] ? -1 : one[0] > two[0] ? 1 : 0);
    const sorted = rows.map((row, number) => [keys[column](row), number, row]).sort(
      (one, two) => (down ? compare(two, one) : compare(one, two)) || one[1] - two[1]);
    body.replaceChildren(...sorted.map(one => one[2]));
  }

  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    button.addEventListener("click", () => sort(column, head));
    head.append(button);
  });
  words.addEventListener("input", show);
  concerned.addEventListener("change", show);
  document.getElementById("search").hidden = false;
  show();
})();
