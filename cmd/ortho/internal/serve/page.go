package serve

import (
	"embed"
	"path"
)

// page is what people see at /: it asks the routes that all ask, and nobody else.
//
//go:embed page
var page embed.FS

// pageRoutes are the page and what it is made of. It needs no token: it asks for one.
func pageRoutes() []route {
	kinds := map[string]string{".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
	var all []route
	for at, name := range map[string]string{"/{$}": "index.html", "/page.css": "page.css", "/page.js": "page.js"} {
		all = append(all, route{method: "GET", path: at, open: true, answer: func(c *call) error {
			content, err := page.ReadFile("page/" + name)
			if err != nil {
				return err
			}
			c.w.Header().Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
			c.w.Header().Set("X-Content-Type-Options", "nosniff")
			c.w.Header().Set("Referrer-Policy", "no-referrer")
			c.w.Header().Set("Cache-Control", "no-cache")
			return c.write(kinds[path.Ext(name)], content)
		}, about: "A page to try the models with."})
	}
	return all
}
