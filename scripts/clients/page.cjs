// Tries the page of a server in Chromium, wide and light, narrow and dark, and looks for faults of accessibility.
//
//     NODE_PATH=... CHROMIUM=/usr/bin/chromium node page.cjs http://127.0.0.1:8000/ PHOTO FOLDER
//
// Needs puppeteer-core and axe-core. The server has the models efficientnet-lite0, span-x2, glyphs, words, selfie, clip and segformer. FOLDER gets
// pictures of the page.
const puppeteer = require("puppeteer-core");
const axe = require("fs").readFileSync(require.resolve("axe-core/axe.min.js"), "utf8");
const [,, address, photo, folder] = process.argv;

async function tried(browser, width, scheme, looked) {
  const page = await browser.newPage(), wrong = [];
  page.on("console", m => { if (m.type() === "error") wrong.push(m.text()); });
  page.on("pageerror", e => wrong.push(String(e)));
  page.on("request", r => { if (!r.url().startsWith(address) && !/^(data|blob):/.test(r.url())) wrong.push("it asks " + r.url()); });
  await page.setViewport({width, height: 900});
  await page.emulateMediaFeatures([{name: "prefers-color-scheme", value: scheme}]);
  if (looked) await page.setBypassCSP(true); // axe is put into the page
  await page.goto(address, {waitUntil: "networkidle0"});
  const says = text => page.waitForFunction(t => document.getElementById("status").textContent.includes(t), {timeout: 120000}, text);
  const look = async name => {
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) wrong.push(`${name}: it scrolls sideways`);
    if (!looked) return;
    await page.evaluate(axe);
    for (const v of (await page.evaluate(() => window.axe.run())).violations) wrong.push(`${name}: ${v.id}: ${v.nodes.map(n => n.target.join()).join(" ")}`);
    await page.screenshot({path: `${folder}/${name}-${width}.png`, fullPage: true});
  };
  await page.select("#model", "efficientnet-lite0");
  await (await page.$("#file")).uploadFile(photo);
  await page.focus("#go");
  await page.keyboard.press("Enter");
  await says("after");
  if ((await page.$$("#answer tr")).length !== 5) wrong.push("there are no 5 classes");
  await look("classes");
  await page.select("#action", "tag");
  await page.click("#go");
  await says("tags, after");
  await page.select("#model", "segformer");
  await page.click("#go");
  await page.waitForFunction(() => document.querySelector("#answer canvas")?.width > 300, {timeout: 120000});
  await says("segments, after");
  const tinted = await page.evaluate(() => { const c = document.querySelector("#answer canvas"); return new Set(c.getContext("2d").getImageData(0, 0, c.width, 1).data).size; });
  if (tinted < 3) wrong.push("nothing is drawn");
  await look("segments");
  await page.select("#model", "selfie");
  await page.click("#go");
  await page.waitForFunction(() => document.querySelector("#answer img")?.naturalWidth > 0, {timeout: 120000});
  await look("cutout");
  await page.select("#model", "clip");
  await page.select("#action", "compare");
  await page.type("#text", "a cat\na rocket");
  await page.click("#go");
  await says("after");
  if ((await page.$$("#answer tr")).length !== 2) wrong.push("there are no 2 labels");
  await look("labels");
  await page.$eval("#text", e => { e.value = ""; });
  await page.select("#model", "span-x2");
  await page.click("#go");
  await page.waitForFunction(() => document.querySelector("#answer img")?.naturalWidth > 0, {timeout: 120000});
  await look("picture");
  await page.select("#model", "glyphs");
  await page.type("#text", "seven");
  await page.type("#seed", "3");
  await page.keyboard.press("Enter");
  await says("of seed 3");
  await page.select("#model", "words");
  await page.$eval("#text", e => { e.value = ""; });
  await page.click("#go");
  await says("Write a text first");
  await page.close();
  return wrong.map(w => `${width} ${scheme}: ${w}`);
}

(async () => {
  const browser = await puppeteer.launch({executablePath: process.env.CHROMIUM, args: ["--no-sandbox", "--disable-gpu"]});
  let wrong = [];
  for (const looked of [false, true]) {
    for (const [width, scheme] of [[1280, "light"], [390, "dark"]]) wrong = wrong.concat(await tried(browser, width, scheme, looked));
  }
  await browser.close();
  for (const w of wrong) console.log(w);
  console.log(wrong.length ? "failed" : "passed");
  process.exit(wrong.length ? 1 : 0);
})().catch(e => { console.log(e); process.exit(1); });
