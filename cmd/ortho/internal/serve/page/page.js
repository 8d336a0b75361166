"use strict";
const $ = id => document.getElementById(id);
const base = new URL(".", location.href).href.replace(/\/$/, "");
let models = [], picture = null, running = null;

// What can be asked, by which route, and whether it takes a picture, a text, a seed.
const routes = {
  "classify": {name: "classes", path: "/v1/classify", picture: true},
  "tag": {name: "tags", path: "/v1/tag", picture: true},
  "describe": {name: "a description, by the server's chat model", path: "/v1/describe", picture: true},
  "classify-text": {name: "classes", path: "/v1/classify-text", text: true},
  "embed": {name: "an embedding", path: "/v1/embed", picture: true, text: true},
  "compare": {name: "the best of your labels", path: "/v1/classify", picture: true, text: true, labels: true},
  "detect": {name: "objects", path: "/v1/detect", picture: true},
  "segment": {name: "segments", path: "/v1/segment", picture: true},
  "cutout": {name: "a cut-out", path: "/v1/cutout", picture: true},
  "generate": {name: "a picture", path: "/v1/generate", picture: true, text: true, seed: true},
};
let describes = false;

// actions are what a model can be asked for.
const actions = m => m.task === "classify" ? ["classify", "tag"].concat(describes ? ["describe"] : [])
  : m.task === "embed" && (m.takes || []).includes("text") ? ["embed", "compare"] : [m.task];

const headers = () => $("token").value ? {Authorization: "Bearer " + $("token").value} : {};
const chosen = () => models.find(m => m.id === $("model").value);
const say = (text, bad) => { $("status").textContent = text; $("status").className = bad ? "bad" : ""; };

function element(tag, text, name) {
  const e = document.createElement(tag);
  if (text !== undefined) e.textContent = text;
  if (name) e.className = name;
  return e;
}

async function load() {
  try {
    const answer = await fetch(base + "/v1/models", {headers: headers()});
    if (answer.status === 401) {
      $("token-field").hidden = false;
      say("This server asks for a token.");
      return;
    }
    const all = await answer.json();
    describes = !!all.describes;
    models = all.data.filter(m => routes[m.task]);
    $("model").replaceChildren(...models.map(m => { const o = element("option", `${m.id} (${m.task})`); o.value = m.id; return o; }));
    if (!models.length) say("No model here can be tried on this page.", true);
    offer();
  } catch (e) {
    say("The server does not answer: " + e.message, true);
  }
}

// offer lists what the chosen model can be asked for.
function offer() {
  const m = chosen(), all = m ? actions(m) : [];
  $("action").replaceChildren(...all.map(a => { const o = element("option", routes[a].name); o.value = a; return o; }));
  $("action-field").hidden = all.length < 2;
  fit();
}

const route = () => routes[$("action").value];

// fit shows what the chosen model takes.
function fit() {
  const m = chosen(), r = m && route() || {};
  const takes = m && m.takes || [];
  const shows = kind => r[kind] && (m.task !== "generate" && m.task !== "embed" || r.labels || takes.includes(kind) || m.task === "embed" && kind === "picture");
  $("text-label").textContent = r.labels ? "Labels, one a line" : "Text";
  $("drop").hidden = !shows("picture");
  $("text-field").hidden = !shows("text");
  $("seed-field").hidden = !shows("seed");
}

function take(file) {
  if (!file) return;
  picture = file;
  const shown = $("shown");
  if (shown.src) URL.revokeObjectURL(shown.src);
  shown.src = URL.createObjectURL(file);
  shown.alt = "The picture " + file.name;
  shown.hidden = false;
  shown.onerror = () => { shown.hidden = true; };
  say(`${file.name || "A picture"} is chosen.`);
}

const quoted = s => "'" + String(s).replaceAll("'", `'\\''`) + "'";

function curlOf(address, name, json) {
  const token = $("token").value ? ` -H "Authorization: Bearer $TOKEN"` : "";
  const out = ["generate", "cutout"].includes(chosen().task) ? " -o picture.png" : "";
  if (json) return `curl -s${token} -H 'Content-Type: application/json' -d ${quoted(JSON.stringify(json))} ${quoted(address)}${out}`;
  return `curl -s${token} --data-binary @${quoted(name)} ${quoted(address)}${out}`;
}

async function ask() {
  const m = chosen();
  if (!m) return;
  const r = route();
  const address = `${base}${r.path}?model=${encodeURIComponent(m.id)}`;
  const wantsPicture = !$("drop").hidden, wantsText = !$("text-field").hidden;
  let body, json, kind;
  if (wantsPicture && picture && !(m.task === "embed" && !r.labels && $("text").value.trim())) {
    body = picture;
    kind = picture.type || "application/octet-stream";
    if (r.labels && !$("text").value.trim()) {
      say("Write labels first.", true);
      return;
    }
    if (wantsText && m.task !== "embed" || r.labels || !$("seed-field").hidden && $("seed").value) {
      body = new FormData();
      body.append("image", picture, picture.name || "image");
      if (r.labels) body.append("labels", $("text").value);
      else if (m.task === "generate" && $("text").value) body.append("prompt", $("text").value);
      if ($("seed").value) body.append("seed", $("seed").value);
      kind = null;
    }
  } else if (wantsText && $("text").value.trim()) {
    json = m.task === "generate" ? {prompt: $("text").value} : {text: $("text").value};
  } else if (m.task === "generate" && !wantsText && !wantsPicture) {
    json = {};
  } else {
    say(wantsPicture && !wantsText ? "Choose a picture first." : "Write a text first.", true);
    return;
  }
  if (json) {
    if (!$("seed-field").hidden && $("seed").value) json.seed = $("seed").value;
    body = JSON.stringify(json);
    kind = "application/json";
  }
  if (running) running.abort();
  const own = running = new AbortController();
  $("go").disabled = true;
  $("progress").hidden = false;
  $("answer").replaceChildren();
  $("raw-part").hidden = $("curl-part").hidden = true;
  say("Asked ...");
  const began = performance.now();
  try {
    const answer = await fetch(address, {method: "POST", headers: {...headers(), ...(kind ? {"Content-Type": kind} : {})}, body, signal: own.signal});
    const type = answer.headers.get("Content-Type") || "";
    const took = `${Math.round(performance.now() - began)} ms`;
    const stages = answer.headers.get("Server-Timing");
    if (type.startsWith("image/")) {
      const seed = answer.headers.get("X-Seed");
      await draw(await answer.blob(), seed);
      say(`A picture, after ${took}${seed ? `, of seed ${seed}` : ""}.`);
    } else {
      const text = await answer.text();
      let row;
      try { row = JSON.parse(text); } catch { row = {error: text}; }
      $("raw").textContent = JSON.stringify(row, null, 1);
      $("raw-part").hidden = false;
      if (!answer.ok) {
        say(typeof row.error === "string" ? row.error : row.error.message, true);
        return;
      }
      tell(m, row, took);
    }
    if (stages) $("answer").append(element("p", stages.split(",").map(s => s.trim().replace(/;dur=/, " ") + " ms").join(", "), "hint"));
    $("curl").textContent = curlOf(r.labels ? address + $("text").value.trim().split("\n").map(l => "&labels=" + encodeURIComponent(l)).join("") : address, picture ? picture.name || "image" : "", json);
    $("curl-part").hidden = false;
  } catch (e) {
    if (e.name !== "AbortError") say("The server does not answer: " + e.message, true);
  } finally {
    if (running === own) {
      $("go").disabled = false;
      $("progress").hidden = true;
    }
  }
}

async function draw(blob, seed) {
  const img = element("img", undefined, "checked");
  img.alt = seed ? `The picture of seed ${seed}` : "The picture that the model has made";
  img.src = URL.createObjectURL(blob);
  const link = element("a", "Save it");
  link.href = img.src;
  link.download = "picture." + (blob.type.split("/")[1] || "png");
  const p = element("p");
  p.append(link);
  $("answer").append(img, p);
}

// tell shows a row.
function tell(m, row, took) {
  if (row.predictions) {
    const table = element("table");
    table.append(element("caption", row.doubt ? "Doubtful: " + row.doubt : "Classes, most probable first"));
    for (const p of row.predictions) {
      const line = element("tr"), track = element("span", undefined, "track"), bar = element("span", undefined, "bar");
      bar.style.width = `${Math.max(0, Math.min(100, 100 * p.probability))}%`;
      track.append(bar);
      const name = element("th", p.label || `class ${p.index}`), cell = element("td");
      name.scope = "row";
      cell.append(track);
      line.append(name, cell, element("td", (100 * p.probability).toFixed(1) + " %", "number"));
      table.append(line);
    }
    $("answer").append(table);
    say(row.predictions.length ? `${row.predictions[0].label || "class " + row.predictions[0].index}, after ${took}.` : `No class, after ${took}.`);
  } else if (row.detections) {
    boxes(row);
    say(`${row.detections.length} found, after ${took}.`);
  } else if (row.segments) {
    segments(row);
    say(`${row.segments.length} segments, after ${took}.`);
  } else if (row.tags) {
    const list = element("ul");
    for (const t of row.tags) list.append(element("li", `${t.label || "class " + t.index}, ${(100 * t.probability).toFixed(1)} %`));
    $("answer").append(list);
    say(`${row.tags.length} tags, after ${took}.`);
  } else if (row.description) {
    const d = row.description, list = element("ul");
    $("answer").append(element("p", d.sentence));
    for (const [name, value] of [["Objects", d.objects.join(", ")], ["Attributes", d.attributes.join(", ")], ["Scene", d.scene], ["Class", d.class]]) {
      if (value) list.append(element("li", `${name}: ${value}`));
    }
    $("answer").append(list);
    say(`Described after ${took}.`);
  } else if (row.embedding) {
    $("answer").append(element("p", `${row.embedding.length} numbers: ${row.embedding.slice(0, 8).map(v => v.toPrecision(4)).join(", ")} ...`));
    say(`An embedding, after ${took}.`);
  } else {
    say(`Answered after ${took}.`);
  }
}

// boxes draws what was found over the picture.
function boxes(row) {
  const canvas = element("canvas"), img = new Image();
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", row.detections.map(d => d.label || "class " + d.index).join(", ") || "nothing was found");
  $("answer").append(canvas);
  img.onload = () => {
    canvas.width = row.width;
    canvas.height = row.height;
    const c = canvas.getContext("2d"), unit = Math.max(1, row.width / 400);
    c.drawImage(img, 0, 0, row.width, row.height);
    c.font = `${12 * unit}px system-ui, sans-serif`;
    for (const d of row.detections) {
      const [x, y, x2, y2] = d.box, text = `${d.label || d.index} ${d.score.toFixed(2)}`;
      c.lineWidth = 4 * unit; c.strokeStyle = "#000"; c.strokeRect(x, y, x2 - x, y2 - y);
      c.lineWidth = 2 * unit; c.strokeStyle = "#fff"; c.strokeRect(x, y, x2 - x, y2 - y);
      c.fillStyle = "#000"; c.fillRect(x, y, c.measureText(text).width + 6 * unit, 16 * unit);
      c.fillStyle = "#fff"; c.fillText(text, x + 3 * unit, y + 12 * unit);
    }
  };
  img.src = $("shown").src;
  const list = element("ul");
  for (const d of row.detections) list.append(element("li", `${d.label || "class " + d.index}, ${(100 * d.score).toFixed(1)} %`));
  $("answer").append(list);
}

const colors = [[230, 25, 75], [0, 130, 200], [255, 190, 20], [145, 30, 180], [0, 170, 160], [245, 110, 20], [240, 50, 230], [110, 200, 30], [60, 80, 220], [170, 110, 40]];

// inside calls a function with each pixel of a mask, which is COCO's run lengths: down the columns, compressed.
function inside(mask, pixel) {
  const [height] = mask.size, counts = [];
  for (let at = 0, n = 0, shift = 0; at < mask.counts.length; at++) {
    const c = mask.counts.charCodeAt(at) - 48;
    n |= (c & 31) << shift;
    shift += 5;
    if (c & 32) continue;
    if (c & 16) n |= -1 << shift;
    if (counts.length > 2) n += counts[counts.length - 2];
    counts.push(n);
    n = shift = 0;
  }
  let place = 0;
  counts.forEach((n, k) => {
    if (k % 2) for (let i = place; i < place + n; i++) pixel(Math.floor(i / height), i % height);
    place += n;
  });
}

// segments tints the picture.
function segments(row) {
  const canvas = element("canvas"), img = new Image(), list = element("ul");
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", row.segments.map(s => s.label || "class " + s.index).join(", ") || "nothing was found");
  img.onload = () => {
    canvas.width = row.width;
    canvas.height = row.height;
    const c = canvas.getContext("2d");
    c.drawImage(img, 0, 0, row.width, row.height);
    const pixels = c.getImageData(0, 0, row.width, row.height);
    row.segments.forEach((s, k) => {
      if (s.mask) inside(s.mask, (x, y) => { for (let i = 0; i < 3; i++) { const at = 4 * (y * row.width + x) + i; pixels.data[at] = (pixels.data[at] + colors[k % colors.length][i]) / 2; } });
    });
    c.putImageData(pixels, 0, 0);
  };
  img.src = $("shown").src;
  row.segments.forEach((s, k) => {
    const line = element("li"), key = element("span", "", "key");
    key.style.backgroundColor = `rgb(${colors[k % colors.length]})`;
    line.append(key, ` ${s.label || "class " + s.index}, ${(100 * s.share).toFixed(1)} % of the picture`);
    list.append(line);
  });
  $("answer").append(canvas, list);
}

$("form").addEventListener("submit", e => { e.preventDefault(); ask(); });
$("model").addEventListener("change", offer);
$("action").addEventListener("change", fit);
$("token").addEventListener("change", load);
$("file").addEventListener("change", e => take(e.target.files[0]));
for (const kind of ["dragenter", "dragover"]) $("drop").addEventListener(kind, e => { e.preventDefault(); $("drop").classList.add("over"); });
for (const kind of ["dragleave", "drop"]) $("drop").addEventListener(kind, () => $("drop").classList.remove("over"));
$("drop").addEventListener("drop", e => { e.preventDefault(); take(e.dataTransfer.files[0]); });
addEventListener("paste", e => { const f = [...e.clipboardData.files].find(f => f.type.startsWith("image/")); if (f) take(f); });
load();
