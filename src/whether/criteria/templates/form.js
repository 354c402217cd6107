(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const at = (id) => document.getElementById(id);
  const when = { design_scored: "", verdict_uncovered: "" };
  let unsaved = false;

  const chosen = (name) => (document.querySelector(`input[name="${name}"]:checked`) || { value: "" }).value;
  const said = (id) => at(id).value.trim();
  const points = (text) =>
    (text.toLowerCase().match(/[^\s,;:()]+/g) || []).some(
      (word) => !data.nowhere.includes(word.replace(/^[.!]+|[.!]+$/g, "")) && /[\p{L}\p{N}]/u.test(word),
    );

  function review() {
    const made = { format: data.format, form: data.form, version: data.version, paper: said("paper"), reviewer: said("reviewer") };
    for (const [name, time] of Object.entries(when)) if (data.covered && time) made[name] = time;
    made.scores = {};
    for (const id of Object.keys(data.criteria)) {
      const score = { answer: chosen(id), evidence: said(`${id}-evidence`), reason: said(`${id}-reason`) };
      if (score.answer || score.evidence || score.reason) made.scores[id] = score;
    }
    made.to_authors = {};
    made.to_chairs = {};
    for (const [id, [, audience]] of Object.entries(data.texts)) {
      const field = at(`text-${id}-said`);
      const text = field ? field.value.trim() : chosen(`text-${id}`);
      if (text) made[`to_${audience}`][id] = text;
    }
    return made;
  }

  function missingOf(id, score) {
    const criterion = data.criteria[id];
    if (!score || !score.answer) return ["not scored", id];
    if (criterion.evidence && !points(score.evidence)) return [score.evidence ? "the evidence points to no place" : "evidence", `${id}-evidence`];
    if (criterion.reason.includes(score.answer) && !score.reason) return ["reason", `${id}-reason`];
    return null;
  }

  function missing(made, only) {
    const found = [];
    const add = (id, what, target) => found.push({ id, what, target });
    if (!only && !made.paper) add("Paper", "which one", "paper");
    for (const [id, criterion] of Object.entries(data.criteria)) {
      if (only && !criterion.design) continue;
      const lack = missingOf(id, made.scores[id]);
      if (lack) add(id, lack[0], lack[1]);
    }
    if (only) return found;
    if (data.covered && !when.verdict_uncovered) add("Verdict", "still covered", when.design_scored ? "uncover" : "confirm");
    for (const [id, [title, audience, needed]] of Object.entries(data.texts))
      if (needed && !made[`to_${audience}`][id]) add(title, "empty", at(`text-${id}-said`) ? `text-${id}-said` : `text-${id}`);
    return found;
  }

  function recommendation(made) {
    const reasons = [];
    for (const [id, criterion] of Object.entries(data.criteria)) {
      const answer = (made.scores[id] || {}).answer;
      const way = answer ? criterion.leads[answer] : "cannot_judge";
      if (way !== "accept") reasons.push({ id, way, answer, title: criterion.title, label: answer ? criterion.labels[answer] : "not scored", why: criterion.why[answer] || "" });
    }
    const outcome = reasons.reduce((worst, one) => Math.max(worst, data.order.indexOf(one.way)), 0);
    reasons.sort((one, two) => data.order.indexOf(two.way) - data.order.indexOf(one.way));
    return { outcome: data.order[outcome], reasons };
  }

  function element(name, text, more = {}) {
    const made = Object.assign(document.createElement(name), more);
    made.textContent = text;
    return made;
  }

  function goTo(target) {
    const place = at(target);
    const field = place.matches("fieldset") ? place.querySelector("input") : place;
    place.scrollIntoView({ block: "center" });
    field.focus({ preventScroll: true });
  }

  function show() {
    const made = review();
    const ids = Object.keys(data.criteria);
    const answered = ids.filter((id) => made.scores[id] && made.scores[id].answer).length;
    const lacks = missing(made);
    const { outcome, reasons } = recommendation(made);
    at("count").textContent = `${answered} of ${ids.length} answered`;
    // A recommendation that rests on questions not yet answered is none; one that they cannot change any more is.
    const settled = answered === ids.length || outcome === "reject";
    const word = settled ? data.outcomes[outcome][0] : "";
    const told = settled ? [data.outcomes[outcome][1], outcome] : ["The recommendation follows when every criterion is answered.", ""];
    if (at("outcome").dataset.shown !== word + told[0]) {
      at("outcome").replaceChildren(...(word ? [element("strong", word)] : []), element("span", told[0]));
      at("outcome").className = told[1];
      at("outcome").dataset.shown = word + told[0];
    }
    at("reasons").replaceChildren(
      ...reasons
        .filter((one) => one.answer)
        .map((one) => {
          const item = element("li", "");
          item.append(element("b", `${data.outcomes[one.way][2]}: `), `${one.id} ${one.title}: ${one.label}${one.why ? ` (${one.why})` : ""}.`);
          return item;
        }),
    );
    at("open").hidden = lacks.length === 0;
    at("open-head").textContent = `Still missing: ${lacks.length}`;
    at("missing").replaceChildren(
      ...lacks.map((lack) => {
        const link = element("a", `${lack.id}: ${lack.what}`, { href: `#${lack.target}` });
        link.addEventListener("click", (event) => (event.preventDefault(), goTo(lack.target)));
        const item = element("li", "");
        item.append(link);
        return item;
      }),
    );
    return { made, lacks };
  }

  function lock() {
    const { design_scored: scored, verdict_uncovered: uncovered } = when;
    at("all-design").disabled = Boolean(scored);
    at("all-result").disabled = !uncovered;
    at("locked").hidden = Boolean(uncovered);
    at("confirm").hidden = Boolean(scored);
    at("change").hidden = !scored || Boolean(uncovered);
    at("uncover").hidden = !scored || Boolean(uncovered);
    for (const card of document.querySelectorAll(".wanting")) card.classList.remove("wanting");
    if (scored) at("lock-said").textContent = uncovered ? "Confirmed, and the verdict is uncovered. What you learned since belongs in the criteria below, or in your words to the chairs." : "Confirmed. Once the verdict is uncovered, these scores can no longer be changed.";
    if (uncovered && data.uncovered) {
      const bytes = Uint8Array.from(atob(data.uncovered), (sign) => sign.charCodeAt(0));
      at("sheet").innerHTML = new TextDecoder().decode(bytes);
    }
    show();
  }

  function confirmDesign() {
    const lacks = missing(review(), true);
    for (const card of document.querySelectorAll(".wanting")) card.classList.remove("wanting");
    if (lacks.length) {
      for (const lack of lacks) at(lack.id).classList.add("wanting");
      at("lock-said").textContent = `Not yet: ${lacks.map((lack) => `${lack.id} (${lack.what})`).join(", ")}.`;
      goTo(lacks[0].target);
      return;
    }
    when.design_scored = new Date().toISOString();
    lock();
    at("uncover").focus();
  }

  function toml(made) {
    const lines = [];
    const line = (name, value) => lines.push(`${name} = ${typeof value === "number" ? value : quoted(value)}`);
    const { scores, to_authors, to_chairs, ...top } = made;
    for (const [name, value] of Object.entries(top)) line(name, value);
    for (const [id, score] of Object.entries(scores)) {
      lines.push("", `[scores.${id}]`);
      for (const [name, value] of Object.entries(score)) line(name, value);
    }
    for (const [table, texts] of Object.entries({ to_authors, to_chairs })) {
      lines.push("", `[${table}]`);
      for (const [name, value] of Object.entries(texts)) line(name, value);
    }
    return lines.join("\n") + "\n";
  }

  function save(kind) {
    const { made, lacks } = show();
    const text = kind === "json" ? JSON.stringify(made, null, 1) + "\n" : toml(made);
    download(`review-${data.form}.${kind}`, text);
    unsaved = false;
    at("saved").textContent = lacks.length ? `Saved as a draft; still missing: ${lacks.length}.` : "Saved; it is complete.";
  }

  function fill(made) {
    const check = (name, value) => {
      for (const input of document.querySelectorAll(`input[name="${name}"]`)) input.checked = input.value === value;
    };
    for (const name of ["paper", "reviewer"]) at(name).value = String(made[name] || "");
    for (const id of Object.keys(data.criteria)) {
      const score = (made.scores || {})[id] || {};
      check(id, score.answer);
      for (const part of ["evidence", "reason"]) at(`${id}-${part}`).value = String(score[part] || "");
    }
    for (const [id, [, audience]] of Object.entries(data.texts)) {
      const value = String((made[`to_${audience}`] || {})[id] || "");
      if (at(`text-${id}-said`)) at(`text-${id}-said`).value = value;
      else check(`text-${id}`, value);
    }
    if (data.covered) {
      for (const name of Object.keys(when)) when[name] = String(made[name] || "");
      lock();
    }
    show();
  }

  async function load(event) {
    const [file] = event.target.files;
    if (!file) return;
    try {
      const made = parsed(await file.text());
      if (made.form !== data.form || String(made.version) !== data.version)
        throw new Error(`it was filled in with the form ${made.form}, version ${made.version}; this is ${data.form}, version ${data.version}`);
      if (when.verdict_uncovered) throw new Error("the verdict is uncovered here already; open this page anew first");
      fill(made);
      at("saved").textContent = `Filled in from ${file.name}.`;
    } catch (error) {
      at("saved").textContent = `Not read: ${error.message}.`;
    }
    event.target.value = "";
  }

  document.body.classList.add("live");
  at("aside").hidden = false;
  for (const kind of ["input", "change"]) document.addEventListener(kind, (event) => {
    if (event.target.id === "load") return;
    unsaved = true;
    show();
  });
  at("save-json").addEventListener("click", () => save("json"));
  at("save-toml").addEventListener("click", () => save("toml"));
  at("load").addEventListener("change", load);
  holdBack(() => unsaved);
  if (data.covered) {
    at("lock").hidden = false;
    at("confirm").addEventListener("click", confirmDesign);
    at("change").addEventListener("click", () => {
      when.design_scored = "";
      at("lock-said").textContent = "Changed scores have to be confirmed again.";
      lock();
      at("confirm").focus();
    });
    at("uncover").addEventListener("click", () => {
      when.verdict_uncovered = new Date().toISOString();
      unsaved = true;
      lock();
      at(data.uncovered ? "sheet" : "part-result").scrollIntoView({ block: "start" });
    });
    lock();
  }
  show();
})();
