// How the site's search ranks what it finds: Sphinx's html_search_scorer.
//
// Sphinx ranks pages. It looks for a heading only where that has the query's words in the query's order. Readers search
// for a message in words of their own, so a page that has a heading with all of them comes first, and its result leads
// to that heading. The closer heading is the one with fewer words besides.
const _queryWords = () => {
  const query = new URLSearchParams(window.location.search).get("q") ?? "";
  return splitQuery(query.toLowerCase()).filter((word) => ![...stopwords].includes(word));
};

const _closestHeading = (document, words) =>
  Object.entries(Search._index.alltitles)
    .flatMap(([heading, places]) => places.map(([file, anchor]) => ({ heading, file, anchor })))
    .filter(({ heading, file }) => file === document && words.every((word) => heading.toLowerCase().includes(word)))
    .sort((one, other) => one.heading.length - other.heading.length)[0];

var Scorer = {
  score: (result) => {
    const [name, , , , score] = result;
    const words = _queryWords();
    const found = words.length && _closestHeading(Search._index.docnames.indexOf(name), words);
    if (!found || result[6] === "object") return score;
    if (found.anchor !== null) {
      const page = Search._index.titles[found.file];
      [result[1], result[2]] = [`${page} > ${found.heading}`, `#${found.anchor}`];
    }
    return 100 + (100 * words.join(" ").length) / found.heading.length;
  },
  // Sphinx's own
  objNameMatch: 11,
  objPartialMatch: 6,
  objPrio: { 0: 15, 1: 5, 2: -5 },
  objPrioDefault: 0,
  title: 15,
  partialTitle: 7,
  term: 5,
  partialTerm: 2,
};
