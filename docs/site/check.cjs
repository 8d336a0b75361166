// Looks at each page of the built site in Chromium, wide and narrow, light and dark: links and anchors that lead
// nowhere, pages that scroll sideways, what asks another host, and faults of accessibility.
//
//     NODE_PATH=... CHROMIUM=/usr/bin/chromium node check.cjs SITE [PICTURES]
//
// Needs puppeteer-core and axe-core. The folder PICTURES gets a picture of each page.
const puppeteer = require("puppeteer-core"), fs = require("fs"), http = require("http"), path = require("path");
const axe = fs.readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [,, site, pictures] = process.argv;
const types = {".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".png": "image/png", ".jpg": "image/jpeg", ".json": "application/json", ".woff2": "font/woff2", ".svg": "image/svg+xml"};

const server = http.createServer((request, response) => {
  let name = path.join(site, decodeURIComponent(new URL(request.url, "http://localhost").pathname));
  if (name.endsWith("/")) name += "index.html";
  fs.readFile(name, (error, data) => {
    response.writeHead(error ? 404 : 200, {"Content-Type": types[path.extname(name)] || "application/octet-stream"});
    response.end(data);
  });
});

const pages = fs.readdirSync(site, {recursive: true}).filter(n => n.endsWith(".html") && n !== "404.html").sort();

async function looked(browser, root, name, width, scheme, anchors, links) {
  const page = await browser.newPage(), wrong = [];
  page.on("pageerror", e => wrong.push(String(e)));
  page.on("response", r => { if (r.status() >= 400) wrong.push(`${r.status()} ${r.url()}`); });
  page.on("request", r => { if (!r.url().startsWith(root) && !/^(data|blob):/.test(r.url())) wrong.push("it asks " + r.url()); });
  await page.setViewport({width, height: 900});
  await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
  await page.goto(root + name, {waitUntil: "networkidle0", timeout: 120000});
  anchors[name] = await page.evaluate(() => [...document.querySelectorAll("[id]")].map(e => e.id));
  for (const href of await page.evaluate(() => [...document.querySelectorAll("a[href]")].map(a => a.href))) links.push([name, href]);
  if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wrong.push("it scrolls sideways");
  await page.evaluate(axe);
  for (const v of (await page.evaluate(() => window.axe.run())).violations) wrong.push(`${v.id}: ${v.nodes.slice(0, 3).map(n => n.target.join()).join(" ")}`);
  if (pictures) await page.screenshot({path: path.join(pictures, `${name.replaceAll("/", "-")}-${width}-${scheme}.png`)});
  await page.close();
  return wrong.map(w => `${name} ${width} ${scheme}: ${w}`);
}

server.listen(0, "127.0.0.1", async () => {
  const root = `http://127.0.0.1:${server.address().port}/`, anchors = {}, links = [];
  const browser = await puppeteer.launch({executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"]});
  let wrong = [];
  for (const name of pages) {
    for (const [width, scheme] of [[1280, "light"], [390, "dark"]]) wrong = wrong.concat(await looked(browser, root, name, width, scheme, anchors, links));
  }
  await browser.close();
  server.close();
  for (const [from, href] of links) {
    if (!href.startsWith(root)) continue;
    const to = new URL(href);
    let name = decodeURIComponent(to.pathname.slice(1));
    if (name === "" || name.endsWith("/")) name += "index.html";
    if (!anchors[name] && !fs.existsSync(path.join(site, name))) wrong.push(`${from}: ${name} is not there`);
    else if (to.hash && anchors[name] && !anchors[name].includes(decodeURIComponent(to.hash.slice(1)))) wrong.push(`${from}: ${name} has no ${to.hash}`);
  }
  for (const w of new Set(wrong)) console.log(w);
  console.log(`${pages.length} pages, ${links.length} links: ${wrong.length ? "failed" : "passed"}`);
  process.exit(wrong.length ? 1 : 0);
});
