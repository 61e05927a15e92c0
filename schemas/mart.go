package schemas

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// Mart is a view over the tables for questions of analysts. Its file is plain SQL: a
// comment that describes a row, then a SELECT. Each column of the last SELECT is on its
// own line, with its own comment. Statements about its amounts may follow: see [Tie].
type Mart struct {
	Name        string       // of the view: the file's name
	Title       string       // first paragraph of the comment
	Description string       // other paragraphs of the comment
	SQL         string       // as written, without the statements after its SELECT
	Columns     []MartColumn // in the order written
	Ties        []Tie        // in the order written
	Pos         Pos
}

// MartColumn is a column of a mart with its comment.
type MartColumn struct{ Name, Description string }

var (
	martName   = regexp.MustCompile(`^[a-z][a-z0-9_]{0,62}$`)
	martColumn = regexp.MustCompile(`([A-Za-z_][A-Za-z0-9_]*),?\s+-- (.+)$`)
	martSource = regexp.MustCompile(`(?i)\b(?:FROM|JOIN)\s+([a-z][a-z0-9_]*)`)
)

// loadMarts reads marts/*.sql. A mart that reads another one comes after it.
func (l *loader) loadMarts(set *Set) error {
	var marts []*Mart
	err := l.read(martsDir, ".sql", func(name string, data []byte) {
		if m := l.parseMart(set, name, string(data)); m != nil {
			marts = append(marts, m)
		}
	})
	if err != nil {
		return err
	}
	for len(marts) > 0 {
		i := slices.IndexFunc(marts, func(m *Mart) bool { return !readsAny(m, marts) })
		if i < 0 {
			l.Report(marts[0].Pos, "V3", "mart %s reads itself, by way of others :: take one of them apart", marts[0].Name)
			return nil
		}
		set.Marts = append(set.Marts, marts[i])
		marts = slices.Delete(marts, i, i+1)
	}
	return nil
}

// readsAny reports whether a mart reads one of the later marts.
func readsAny(m *Mart, later []*Mart) bool {
	sources := martSource.FindAllStringSubmatch(withoutComments(m.SQL), -1)
	return slices.ContainsFunc(sources, func(source []string) bool {
		return slices.ContainsFunc(later, func(other *Mart) bool { return other.Name == source[1] })
	})
}

func (l *loader) parseMart(set *Set, file, text string) *Mart {
	m := &Mart{Name: strings.TrimSuffix(path.Base(file), ".sql"), Pos: Pos{File: file, Line: 1, Col: 1}}
	parts := statements(text)
	if len(parts) > 0 {
		m.SQL = parts[0].sql
	}
	switch {
	case !martName.MatchString(m.Name):
		l.Report(m.Pos, "V1", "%q is no name for a view :: use lower-case letters, digits and _", m.Name)
		return nil
	case set.Table(m.Name) != nil || set.keepsHistory(m.Name):
		l.Report(m.Pos, "V1", "there is a table %s :: give the file another name", m.Name)
		return nil
	}
	m.Title, m.Description = paragraphs(headComment(m.SQL))
	if m.Title == "" {
		l.Report(m.Pos, "V2", "say in a comment at its top what a row of the mart is")
		return nil
	}
	m.Columns = lastColumns(m.SQL)
	for _, tie := range parts[1:] {
		l.parseTie(m, tie.sql, Pos{File: file, Line: tie.line, Col: 1})
	}
	return m
}

// headComment returns the lines of the comment at the beginning of SQL.
func headComment(sql string) (said []string) {
	for line := range strings.Lines(sql) {
		comment, ok := strings.CutPrefix(strings.TrimSpace(line), "--")
		if !ok {
			break
		}
		said = append(said, strings.TrimSpace(comment))
	}
	return said
}

// paragraphs returns the first paragraph of a comment, and the rest.
func paragraphs(lines []string) (title, description string) {
	title, description, _ = strings.Cut(strings.TrimSpace(strings.Join(lines, "\n")), "\n\n")
	return strings.ReplaceAll(title, "\n", " "), strings.ReplaceAll(description, "\n", " ")
}

// lastColumns returns the columns of the last SELECT that are on their own line with a
// comment.
func lastColumns(sql string) (columns []MartColumn) {
	last := sql[max(strings.LastIndex(sql, "\nSELECT"), 0):]
	for line := range strings.Lines(last) {
		if found := martColumn.FindStringSubmatch(strings.TrimRight(line, "\r\n")); found != nil {
			columns = append(columns, MartColumn{found[1], found[2]})
		}
	}
	return columns
}

// withoutComments removes -- and the text after it from each line.
func withoutComments(sql string) string {
	var b strings.Builder
	for line := range strings.Lines(sql) {
		code, _, _ := strings.Cut(line, "--")
		b.WriteString(code + "\n")
	}
	return b.String()
}
