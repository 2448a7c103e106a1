// What the theme leaves out for those who read by keyboard or by ear.
document.addEventListener("DOMContentLoaded", () => {
  for (const caption of document.querySelectorAll(".caption[role=heading]")) caption.setAttribute("aria-level", "2");
  document.querySelector(".sidebar-drawer")?.setAttribute("aria-label", "All pages");
  document.querySelector(".toc-drawer")?.setAttribute("aria-label", "This page");
  // the page of the search is the only one without a title
  const results = document.getElementById("search-results");
  results?.before(Object.assign(document.createElement("h1"), { textContent: "Search" }));
  // arrow keys scroll what has the focus
  const scrollable = (box) => box.scrollWidth > box.clientWidth;
  const focus = () => {
    for (const box of document.querySelectorAll(".table-wrapper, .highlight pre"))
      scrollable(box) ? box.setAttribute("tabindex", "0") : box.removeAttribute("tabindex");
  };
  focus();
  addEventListener("resize", focus);
});
