package audiencefile

import "testing"

// What a customer typed runs in no spreadsheet, and a reader of RFC 4180 gets the text
// back.
func TestCell(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"Ada":                `Ada`,
		"":                   `""`,
		" padded":            `" padded"`,
		"a,b":                `"a,b"`,
		`say "yes"`:          `"say ""yes"""`,
		"two\nlines":         "\"two\nlines\"",
		"=HYPERLINK(\"x\")":  `"'=HYPERLINK(""x"")"`,
		"+1":                 `'+1`,
		"-1":                 `'-1`,
		"@cmd":               `'@cmd`,
		"\tcmd":              "'\tcmd",
		"＝1":                 `'＝1`,
		"a=1":                `a=1`,
		"ada+bo@example.com": `ada+bo@example.com`,
	} {
		if got := quoted(guardFormula(text)); got != want {
			t.Errorf("%q is %s, want %s", text, got, want)
		}
	}
}
