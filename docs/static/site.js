// What the theme leaves out for those who read by keyboard or by ear.
document.addEventListener("DOMContentLoaded", () => {
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.setAttribute("aria-level", "2");
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "All pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "This page");
  // the page of the search is the only one without a title
  const results = document.getElementById("search-results");
  results?.before(Object.assign(document.createElement("h1"), { textContent: "Search" }));
  // the empty corner of a table heads nothing
  for (const cell of document.querySelectorAll("th")) if (!cell.textContent.trim()) cell.setAttribute("role", "cell");
  // a long name in a cell breaks after a separator, but not in the first column, which would become narrower than the name
  for (const name of document.querySelectorAll(".table-wrapper td:not(:first-child) code .pre"))
    if (name.textContent.length > 20) name.innerHTML = name.innerHTML.replace(/[/_=,(](?=\w)/g, "$&<wbr>");
  // arrow keys scroll what has the focus
  const scrollable = (box) => box.scrollWidth > box.clientWidth;
  const focus = () => {
    for (const box of document.querySelectorAll(".table-wrapper, .highlight pre"))
      scrollable(box) ? box.setAttribute("tabindex", "0") : box.removeAttribute("tabindex");
  };
  focus();
  addEventListener("resize", focus);
});
