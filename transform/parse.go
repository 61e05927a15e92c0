package transform

import (
	"errors"
	"fmt"
	"strings"

	"github.com/expr-lang/expr/ast"
	"github.com/expr-lang/expr/file"
	"github.com/expr-lang/expr/parser"
	"github.com/expr-lang/expr/parser/lexer"

	"github.com/stripelake/stripelake/schemas"
)

// maxExpression bounds the parser's recursion: parentheses can nest as deep as
// the text is long.
const maxExpression = 4000

// mistake is a mistake in an expression, with its offset in characters.
type mistake struct {
	at      int
	code    string
	message string
}

// parse reads an expression with expr-lang's parser, whose grammar is larger
// than ours. Operators that our language does not have are refused here. Kinds
// of node that it does not have are refused when the tree is compiled.
func parse(text string) (ast.Node, *mistake) {
	if len(text) > maxExpression {
		return nil, &mistake{0, "M15", fmt.Sprintf("the expression has %d bytes and may have %d", len(text), maxExpression)}
	}
	text, wrong := ownSyntax(text)
	if wrong != nil {
		return nil, wrong
	}
	tree, err := parser.Parse(text)
	if err != nil {
		return nil, syntaxError(err)
	}
	return tree.Node, nil
}

// matchesName replaces the name matches for the parser, to which matches is an
// operator. It has the same length, so that columns stay right.
const matchesName = "$match$"

// refusedTokens are tokens of the parser's language that our language does not
// have, with what to write instead.
var refusedTokens = map[string]string{
	"&&": "write and", "||": "write or", "!": "write not",
	"|": "write the function around its argument: upper(currency)", "::": "write the function's plain name",
	";": "an expression is one value", "let": "put names under let:", "if": "write condition ? a : b", "else": "write condition ? a : b",
	"?.": "write . : a missing key is null already", "..": "there are no ranges", "#": "there are no loops; make objects of a list with $each",
	"/": "there is no division: an amount's decimal point is set by money(amount, currency)", "%": "there is no remainder",
	"**": "there are no powers", "^": "there are no powers", "{": "there are no maps; nest fields in the mapping instead",
	"=":        "write == to compare",
	"contains": "write matches(x, \"…\")", "startsWith": "write starts_with(x, \"…\")", "endsWith": "write matches(x, \"…$\")",
}

// ownSyntax refuses the tokens of refusedTokens and makes matches a function.
func ownSyntax(text string) (string, *mistake) {
	tokens, err := lexer.Lex(file.NewSource(text))
	if err != nil {
		return "", lexicalError(text, err)
	}
	runes := []rune(text)
	for i, t := range tokens {
		if t.Kind != lexer.Operator && t.Kind != lexer.Bracket {
			continue
		}
		if i > 0 && (tokens[i-1].Value == "." || tokens[i-1].Value == "?.") {
			continue // a member of that name
		}
		if fix, ok := refusedTokens[t.Value]; ok {
			return "", &mistake{t.From, "M15", fmt.Sprintf("%q is not part of the mapping language: %s", t.Value, fix)}
		}
		if t.Value != "matches" {
			continue
		}
		if i > 0 && !beforeOperand(tokens[i-1]) {
			return "", &mistake{t.From, "M15", `matches is a function: write matches(x, "pattern")`}
		}
		copy(runes[t.From:], []rune(matchesName))
	}
	return string(runes), nil
}

// lexicalError is syntaxError for a text that is no list of tokens. A text in quotes
// without an end is named where it begins.
func lexicalError(text string, err error) *mistake {
	open, quote := -1, rune(0)
	runes := []rune(text)
	for i := 0; i < len(runes); i++ {
		switch r := runes[i]; {
		case r == '\\' && open >= 0:
			i++
		case open < 0 && (r == '"' || r == '\''):
			open, quote = i, r
		case open >= 0 && r == quote:
			open = -1
		}
	}
	if open >= 0 {
		return &mistake{open, "M15", fmt.Sprintf("the text that begins here has no end: close it with %c", quote)}
	}
	return syntaxError(err)
}

// beforeOperand reports whether a value may follow a token.
func beforeOperand(t lexer.Token) bool {
	return t.Kind == lexer.Operator || t.Kind == lexer.Bracket && strings.Contains("([", t.Value)
}

// syntaxError turns the parser's error into ours. It drops the parser's drawing
// of the position.
func syntaxError(err error) *mistake {
	if e, ok := errors.AsType[*file.Error](err); ok {
		message := "not readable: " + lowerFirst(e.Message)
		if strings.Contains(e.Message, "EOF") {
			message += "; a bracket or a quote is left open"
		}
		return &mistake{e.From, "M15", message}
	}
	return &mistake{0, "M15", "not readable: " + err.Error()}
}

func lowerFirst(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}

// positionOf returns the position in its file of the character at an offset of
// a text. In a folded text it is approximate.
func positionOf(t schemas.Text, at int) schemas.Pos {
	pos := t.Pos
	for i, r := range []rune(t.Value) {
		if i == at {
			break
		}
		if pos.Col++; r == '\n' {
			pos.Line, pos.Col = pos.Line+1, t.Pos.Col // the YAML parser has removed the block's indentation
		}
	}
	return pos
}
