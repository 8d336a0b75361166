package report

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// dumped is a page as a browser has it when its scripts have run.
func dumped(t *testing.T, page string) string {
	t.Helper()
	browser := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			browser = found
			break
		}
	}
	if browser == "" {
		t.Skip("needs Chromium or Chrome: what the page's script does is not tested")
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "page.html")
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--user-data-dir="+filepath.Join(dir, "profile"),
		"--virtual-time-budget=20000", "--dump-dom", "file://"+file)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	dom, err := cmd.Output()
	if err != nil {
		t.Skipf("%s does not run here: %v, %s", browser, err, stderr.String())
	}
	return string(dom)
}

func manyCards(n int) []Card {
	cards := make([]Card, n)
	for i := range cards {
		cards[i].Name = fmt.Sprintf("photos/%d.jpg", n-i)
		switch i % 4 {
		case 0:
			cards[i].Bars = []Bar{{Label: "tabby cat", Probability: float64(i%97) / 97}, {Label: "lynx", Probability: 0.01}}
		case 1:
			cards[i].Bars = []Bar{{Label: `<b>dog & "co"`, Probability: 0.5}}
		case 2:
			cards[i].Error = "no image"
		default:
			cards[i].Note = "nothing above --min-probability"
		}
	}
	return cards
}

// drive does in a browser what people do, and says what is seen.
const drive = `
const find = document.querySelector(".find"), list = document.querySelector("ul.cards"), seen = [];
const [search, label, least, failed, order] = [...find.querySelectorAll("input, select")];
const shown = () => [...list.children].filter(item => !item.hidden);
const names = () => shown().slice(0, 3).map(item => item.querySelector(".name").textContent).join(" ");
const see = what => seen.push(what + ": " + find.querySelector("output").value + ", " + shown().length + ", " + names());
const set = (input, value) => { input.type === "checkbox" ? input.checked = value : input.value = value; input.dispatchEvent(new Event("input", {bubbles: true})); };
see("all");
set(search, "LYNX  1"); see("search");
set(search, ""); set(label, '<b>dog & "co"'); see("class");
set(label, ""); set(least, "99"); see("least");
set(least, ""); set(failed, true); see("failed");
set(failed, false); set(order, "name"); see("name");
set(order, "high"); see("high");
set(order, "low"); see("low");
set(order, "order"); see("order");
seen.push("options: " + [...label.options].map(o => o.textContent).join(", "));
document.body.dispatchEvent(new KeyboardEvent("keydown", {key: "/", bubbles: true}));
seen.push("slash: " + (document.activeElement === search));
const start = performance.now();
for (const text of ["c", "ca", "cat", ""]) set(search, text);
set(order, "high");
seen.push("fast: " + (performance.now() - start < 5000));
set(search, "nothing has this"); see("none");
find.querySelector("button").click();
setTimeout(() => { see("reset"); document.body.append(Object.assign(document.createElement("pre"), {id: "seen", textContent: JSON.stringify(seen)})); }, 100);
`

// TestFindCards drives the page's script in a browser, with thousands of cards.
func TestFindCards(t *testing.T) {
	block, err := Cards(manyCards(2000))
	if err != nil {
		t.Fatal(err)
	}
	dom := dumped(t, "<!DOCTYPE html><meta charset=utf-8><style>"+pageStyle+"</style>"+string(block)+"<script>"+pageScript+"</script><script>"+drive+"</script>")
	_, text, found := strings.Cut(dom, `<pre id="seen">`)
	text, _, _ = strings.Cut(text, "</pre>")
	var seen []string
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &seen); !found || err != nil {
		t.Fatalf("the script has failed: %v, %.2000s", err, dom[max(0, len(dom)-2000):])
	}
	const all = "2000 of 2000, 2000, photos/2000.jpg photos/1999.jpg photos/1998.jpg"
	for i, want := range []string{
		"all: " + all,
		"search: ",
		"class: 500 of 2000, 500, photos/1999.jpg photos/1995.jpg photos/1991.jpg",
		"least: ",
		"failed: 500 of 2000, 500, photos/1998.jpg photos/1994.jpg photos/1990.jpg",
		"name: 2000 of 2000, 2000, photos/1.jpg photos/2.jpg photos/3.jpg",
		"high: 2000 of 2000, 2000, photos/1904.jpg photos/1516.jpg photos/1128.jpg",
		"low: 2000 of 2000, 2000, photos/2000.jpg photos/1612.jpg photos/1224.jpg",
		"order: " + all,
		`options: all, <b>dog & "co" (500), tabby cat (500)`,
		"slash: true", "fast: true",
		"none: 0 of 2000, 0, ",
		"reset: " + all,
	} {
		if i >= len(seen) || !strings.HasPrefix(seen[i], want) {
			t.Errorf("%d: %q, want %q", i, seen[min(i, len(seen)-1)], want)
		}
	}
	if strings.Contains(seen[1], "2000 of") || strings.Contains(seen[3], " 0 of") || strings.Contains(seen[3], "500 of") {
		t.Errorf("%q, %q", seen[1], seen[3])
	}
}

// TestFindOnPage: the policy of a page lets the script run; few images need no search.
func TestFindOnPage(t *testing.T) {
	for _, n := range []int{fewCards - 1, fewCards} {
		block, err := Cards(manyCards(n))
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		p := &Page{Title: "x", Sections: []Section{{"Images", []Block{block}}}}
		if err := p.WriteHTML(&b); err != nil {
			t.Fatal(err)
		}
		if dom := dumped(t, b.String()); strings.Contains(dom, `class="find" role="search"`) != (n >= fewCards) {
			t.Errorf("%d cards: %.300s", n, dom[strings.Index(dom, "<ul"):])
		}
	}
}

// fewCards are those that the script leaves as they are, and one more.
const fewCards = 8
