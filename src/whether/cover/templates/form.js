(() => {
  const FIELDS = JSON.parse(document.getElementById("told").textContent);
  const $ = (id) => document.getElementById(id);
  const form = $("form"), claims = $("claims");
  const NOT_KNOWN = "not stated";
  const WORD = /^(yes|no|inconclusive)(?=$|[\s:;,.–—])/i;
  let dirty = false;

  // ---- what is written ----
  const category = () => form.elements.category.value;
  const has = (name) => !FIELDS[name].categories.length || FIELDS[name].categories.includes(category());
  const shown = () => Object.keys(FIELDS).filter((name) => name !== "category" && has(name));
  // As the reader does it: one line, without signs that cannot be printed; lone halves of signs are dropped.
  const clean = (text) => text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, " ").split(/\s+/u).filter(Boolean).join(" ");
  const lines = (name) => {
    const text = $("f-" + name).value;
    return (FIELDS[name].many ? text.split("\n") : [text]).map(clean).filter(Boolean);
  };
  const length = (said) => [...said.join("\n")].length;
  const source = () => clean($("source").value);
  const number = (text) => {
    const plain = text.trim().replace(/^\u2212/, "-");
    if (plain === "") return null;
    return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(plain) && isFinite(Number(plain)) ? Number(plain) : NaN;
  };
  const claimOf = (box) => {
    const at = (key) => box.querySelector(`[data-key="${key}"]`).value;
    const found = { said: clean(at("said")), kind: at("kind"), unit: clean(at("unit")) };
    for (const key of ["estimate", "low", "high", "size"]) found[key] = number(at(key));
    found.level = at("level") === "" ? null : Number(at("level"));
    // A file may hold a verdict that no interval bears out; it is kept as it is.
    if (box.dataset.verdict && found.low === null && found.high === null) found.verdict = box.dataset.verdict;
    return found;
  };
  const boxes = () => (category() === "artifact" ? [] : [...claims.children]);

  // ---- what is wrong ----
  function wrongWith(name) {
    const item = FIELDS[name], said = lines(name), much = length(said);
    if (!said.length || said.join("\n").toLowerCase() === NOT_KNOWN) return "";
    if (much > item.most) return `${much} characters; the page has room for ${item.most}.`;
    if (item.many && said.length > item.items) return `${said.length} lines; at most ${item.items}.`;
    const [shape, wanted] = item.shape;
    if (shape && !new RegExp(shape, "i").test(said[0])) return wanted[0].toUpperCase() + wanted.slice(1) + ".";
    if (name === "date" && said[0].length === 10 && new Date(said[0] + "T00:00Z").getUTCDate() !== Number(said[0].slice(8))) return "There is no such day.";
    if (name === "verdict" && !WORD.test(said[0])) return "Begin with yes, no or inconclusive.";
    if (name === "annex" && !/^(science|engineering|artifact)\s*(:|$)/i.test(said[0])) return "Begin with a category: science, engineering or artifact.";
    if (!item.own && !source() && !clean($("p-" + name).value)) return "Say where to look, here or at the top for all.";
    return "";
  }
  function follows(claim, low, high) {
    const s = claim.size;
    const read = (yes, no) => (yes ? "yes" : no ? "no" : "inconclusive");
    if (claim.kind === "same") return read(-s < low && high < s, low > s || high < -s);
    if (claim.kind === "below") return read(high < s, low > s);
    const least = claim.kind === "not_worse" ? -s : s;
    return read(low > least, high < least);
  }
  // The verdict that the numbers of a claim give, or what is wrong with them.
  function judged(claim) {
    for (const key of ["estimate", "low", "high", "size"])
      if (Number.isNaN(claim[key])) return { wrong: `${key} is no number; write it as in −0.5.` };
    if (!claim.said) return { wrong: "Say the claim in words." };
    if (claim.size === null) return { wrong: "Say the smallest size that would matter." };
    if (!["below", "above"].includes(claim.kind) && claim.size <= 0) return { wrong: "The smallest size of interest is above 0." };
    const alone = claim.low === null && claim.high === null;
    const low = claim.low ?? -Infinity, high = claim.high ?? Infinity;
    if (low > high) return { wrong: "The interval ends before it begins." };
    if (claim.estimate !== null && (claim.estimate < low || claim.estimate > high)) return { wrong: "The effect lies outside its interval." };
    if (alone) return { verdict: claim.verdict ?? "inconclusive", alone: true };
    return { verdict: follows(claim, low, high) };
  }
  function together(verdicts) {
    const word = (WORD.exec(lines("verdict")[0] ?? "") ?? [""])[0].toLowerCase();
    const found = new Set(verdicts);
    if (!word || !verdicts.length || found.has(word)) return "";
    if (found.size === 1) return `The verdict is ${word}, but every claim is ${verdicts[0]}.`;
    return word === "inconclusive" ? "" : `The verdict is ${word}, but no claim is.`;
  }

  // ---- the axis ----
  const SVG = "http://www.w3.org/2000/svg";
  function draw(claim, verdict) {
    const svg = document.createElementNS(SVG, "svg");
    const put = (kind, at, text) => {
      const one = document.createElementNS(SVG, kind);
      for (const [key, value] of Object.entries(at)) one.setAttribute(key, value);
      if (text !== undefined) one.textContent = text;
      svg.append(one);
    };
    const bound = ["below", "above"].includes(claim.kind), s = claim.size;
    const edges = claim.kind === "same" ? [-s, s] : [claim.kind === "not_worse" ? -s : s];
    const all = [...edges, ...(bound ? [] : [0]), claim.estimate, claim.low, claim.high].filter((value) => value !== null);
    let low = Math.min(...all), high = Math.max(...all);
    if (high === low) [low, high] = [low - (Math.abs(low) || 1) / 2, high + (Math.abs(high) || 1) / 2];
    const pad = 0.1 * (high - low), wide = 620;
    low -= pad; high += pad;
    const x = (value) => ((value - low) / (high - low)) * wide;
    svg.setAttribute("viewBox", `0 0 ${wide} 62`);
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", `The axis of this claim: ${verdict}`);
    const words = claim.kind === "same" ? ["no", "yes", "no"] : claim.kind === "below" ? ["yes", "no"] : ["no", "yes"];
    const ends = [0, ...edges.map(x), wide];
    words.forEach((word, place) => {
      put("rect", { x: ends[place], y: 16, width: ends[place + 1] - ends[place], height: 24, fill: `var(--${word}-tint)` });
      put("text", { x: (ends[place] + ends[place + 1]) / 2, y: 11, "text-anchor": "middle", fill: `var(--${word})` }, word);
    });
    for (const edge of edges) {
      put("line", { x1: x(edge), x2: x(edge), y1: 13, y2: 43, stroke: "var(--ink)", "stroke-width": 2 });
      put("text", { x: x(edge), y: 57, "text-anchor": "middle", fill: "var(--muted)" }, `${edge} ${Math.abs(edge) === 1 && claim.unit.length > 2 ? claim.unit.replace(/s$/, "") : claim.unit}`.trim().replace("-", "−"));
    }
    const tone = `var(--${verdict})`;
    if (claim.low !== null || claim.high !== null) {
      const from = claim.low === null ? 0 : x(claim.low), to = claim.high === null ? wide : x(claim.high);
      put("line", { x1: from, x2: to, y1: 28, y2: 28, stroke: tone, "stroke-width": 3 });
      for (const [end, known] of [[from, claim.low], [to, claim.high]])
        if (known !== null) put("line", { x1: end, x2: end, y1: 23, y2: 33, stroke: tone, "stroke-width": 3 });
    }
    if (claim.estimate !== null) put("circle", { cx: x(claim.estimate), cy: 28, r: 5, fill: tone });
    return svg;
  }

  // ---- keeping the page true ----
  function review() {
    for (const box of form.querySelectorAll("[data-field]")) box.hidden = !has(box.dataset.field);
    for (const group of form.querySelectorAll("fieldset.group"))
      group.hidden = ![...group.querySelectorAll("[data-field]")].some((box) => !box.hidden);
    for (const name of shown()) $("p-" + name).parentElement.hidden = FIELDS[name].plain && !$("p-" + name).value;
    $("claims-part").hidden = category() === "artifact";
    const problems = [], missing = [];
    for (const name of shown()) {
      const item = FIELDS[name], said = lines(name), wrong = wrongWith(name);
      const many = item.many ? `, ${said.length} of ${item.items} lines` : "";
      $("count-" + name).textContent = `${length(said)} of ${item.most} characters${many}`;
      $("wrong-" + name).textContent = wrong;
      $("f-" + name).setAttribute("aria-invalid", String(Boolean(wrong)));
      if (wrong) problems.push([`f-${name}`, `${item.label}: ${wrong}`]);
      if (item.needed && !said.length) missing.push([`f-${name}`, item.label]);
    }
    const verdicts = boxes().map((box, place) => {
      const claim = claimOf(box), found = judged(claim);
      box.querySelector("legend").textContent = `Claim ${place + 1}`;
      box.querySelector(".follows").textContent = found.wrong ?? (found.alone ? `Without an interval nothing follows: ${found.verdict}.` : `By its interval: ${found.verdict}.`);
      box.querySelector(".preview").replaceChildren(...(found.wrong ? [] : [draw(claim, found.verdict)]));
      if (found.wrong) problems.push([box.querySelector("input").id, `Claim ${place + 1}: ${found.wrong}`]);
      return found.verdict;
    });
    const apart = verdicts.every(Boolean) ? together(verdicts) : "";
    if (apart) problems.push(["f-verdict", apart]);
    tell(problems, missing);
    return { problems, missing };
  }
  function tell(problems, missing) {
    $("bar").textContent = problems.length || missing.length ? `${problems.length} to mend, ${missing.length} needed and not said yet` : "Ready to be saved";
    const state = $("state"), list = (head, items) => {
      const ul = document.createElement("ul"), p = document.createElement("strong");
      p.textContent = head;
      for (const [id, text] of items) {
        const li = document.createElement("li"), a = document.createElement("a");
        a.href = `#${id}`;
        a.textContent = text;
        li.append(a);
        ul.append(li);
      }
      return [p, ul];
    };
    state.replaceChildren(
      ...(problems.length ? list(`${problems.length} to mend:`, problems) : []),
      ...(missing.length ? list(`${missing.length} needed and not said yet (write “${NOT_KNOWN}” where nobody can say):`, missing) : []),
      ...(problems.length || missing.length ? [] : ["Everything that is needed is said."]),
    );
  }
  let counted = 0;
  function addClaim(values = {}) {
    const box = $("claim").content.firstElementChild.cloneNode(true);
    counted += 1;
    if (values.verdict) box.dataset.verdict = values.verdict;
    for (const input of box.querySelectorAll("[data-key]")) {
      const key = input.dataset.key;
      input.id = `claim-${counted}-${key}`;
      if (values[key] === undefined || values[key] === null) continue;
      const value = String(values[key]);
      if (input.tagName === "SELECT" && ![...input.options].some((one) => one.value === value)) input.add(new Option(key === "level" ? `${100 - 200 * values[key]} %` : value, value));
      input.value = value;
    }
    box.querySelector(".remove").addEventListener("click", () => { box.remove(); dirty = true; review(); $("add").focus(); });
    claims.append(box);
    return box;
  }

  // ---- saving ----
  function told() {
    const made = { category: category() };
    if (source()) made.source = source();
    for (const name of shown()) {
      const said = lines(name), place = clean($("p-" + name).value);
      if (!said.length) continue;
      const text = FIELDS[name].many ? said : said[0];
      made[name] = place ? { text, pointer: place } : text;
    }
    const found = boxes().map((box) => {
      const claim = claimOf(box);
      return Object.fromEntries(Object.entries(claim).filter(([, value]) => value !== null && value !== "" && !Number.isNaN(value)));
    });
    if (found.length) made.claim = found;
    return made;
  }
  function value(one) {
    if (Array.isArray(one)) return `[${one.map(value).join(", ")}]`;
    if (typeof one === "object") return `{ ${Object.entries(one).map(([key, inner]) => `${key} = ${value(inner)}`).join(", ")} }`;
    return typeof one === "string" ? quoted(one) : String(one);
  }
  function toml(made) {
    const { claim = [], ...rest } = made;
    const parts = Object.entries(rest).map(([key, one]) => `${key} = ${value(one)}`);
    for (const one of claim) parts.push("", "[[claim]]", ...Object.entries(one).map(([key, inner]) => `${key} = ${value(inner)}`));
    return parts.join("\n") + "\n";
  }
  function save(name, text) {
    download(name, text);
    dirty = false;
  }

  // ---- loading ----
  // A finished sheet, cover.json: what was computed where it was made is declared here.
  function fromSheet(sheet) {
    const made = { category: sheet.category, claim: sheet.axis ?? [] };
    for (const [name, said] of Object.entries(sheet.fields)) {
      if (name === "category" || !(name in FIELDS) || !said.text) continue;
      const text = FIELDS[name].many ? said.text.split("\n") : said.text;
      made[name] = said.pointer && !FIELDS[name].plain ? { text, pointer: said.pointer } : text;
    }
    return made;
  }
  function fill(made) {
    const strange = Object.keys(made).filter((key) => !(key in FIELDS) && key !== "source" && key !== "claim");
    if (strange.length) throw new Error(`it has what no form has: ${strange.slice(0, 5).join(", ")}`);
    for (const name of Object.keys(FIELDS)) {
      if (name === "category") continue;
      const said = made[name] ?? "", plain = typeof said === "object" && !Array.isArray(said) ? said : { text: said };
      $("f-" + name).value = [plain.text ?? ""].flat().join("\n");
      $("p-" + name).value = plain.pointer ?? "";
    }
    const kind = typeof made.category === "object" ? made.category.text : made.category;
    for (const radio of form.elements.category) radio.checked = radio.value === (kind ?? "science");
    $("source").value = made.source ?? "";
    claims.replaceChildren();
    for (const one of made.claim ?? []) addClaim(one);
  }

  form.addEventListener("input", () => { dirty = true; review(); });
  form.addEventListener("submit", (event) => event.preventDefault());
  $("add").addEventListener("click", () => { addClaim().querySelector("input").focus(); dirty = true; review(); });
  $("save-toml").addEventListener("click", () => save("cover.toml", toml(told())));
  $("save-json").addEventListener("click", () => save("cover.json", JSON.stringify(told(), null, 1) + "\n"));
  $("load").addEventListener("change", async (event) => {
    const file = event.target.files[0];
    if (!file) return;
    try {
      const made = parsed(await file.text());
      const finished = typeof made.fields === "object";
      fill(finished ? fromSheet(made) : made);
      $("loaded").textContent = `${file.name} is loaded.${finished ? " It is a finished sheet; what was computed in it is declared here, by your word." : ""}`;
      dirty = false;
    } catch (error) {
      $("loaded").textContent = `${file.name} cannot be loaded: ${error.message}.`;
    }
    review();
  });
  holdBack(() => dirty);
  review();
})();
