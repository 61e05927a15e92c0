package report

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"html/template"
	"strings"
)

//go:embed page/page.html page/page.css page/*.js
var pageFiles embed.FS

// echarts is Apache ECharts as it was published (docs/adr/0019). Its licence is
// beside it.
//
//go:embed library/echarts.min.js
var echarts string

// scripts are joined to one script in this order.
var scripts = []string{"data.js", "sql.js", "tables.js", "text.js", "charts.js", "panels.js", "page.js"}

var pageTemplate = template.Must(template.New("page.html").Funcs(template.FuncMap{
	"policy":  policy,
	"style":   func() template.CSS { return template.CSS(asset("page.css")) },
	"library": func() template.JS { return template.JS(echarts) },
	"script":  func() template.JS { return template.JS(script()) },
}).ParseFS(pageFiles, "page/page.html"))

// policy is the page's Content-Security-Policy: it may run its own scripts and
// nothing else, and reach no network (Invariant 12). Styles may be inline,
// because charts set them.
func policy() string {
	return "default-src 'none'; base-uri 'none'; form-action 'none'; style-src 'unsafe-inline'; script-src " + cspHash(echarts) + " " + cspHash(script())
}

func cspHash(script string) string {
	sum := sha256.Sum256([]byte(script))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func script() string {
	var all strings.Builder
	all.WriteString("\"use strict\";\n")
	for _, name := range scripts {
		all.WriteString(asset(name))
	}
	return all.String()
}

// asset returns an embedded file by its name, which is one of those above.
func asset(name string) string {
	content, err := pageFiles.ReadFile("page/" + name)
	if err != nil {
		return "" // a test reads each
	}
	return string(content)
}
