package main
import ("github.com/urfave/cli/v2";"ortho/cmd/ortho/internal/report")
func (doc *evaluation) page(c *cli.Context) *report.Page { return &report.Page{} }
