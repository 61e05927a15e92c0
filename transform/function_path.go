package transform

import "strconv"

// scalarArgument compiles an argument that is read as text: a path to a string,
// number or boolean, with the characters that were sent, or any expression that
// makes text.
func (e *expressionCompiler) scalarArgument(c *call, i int) (expression, bool) {
	x := e.expr(c.nodes[i])
	switch x.class {
	case classBroken:
		return x, false
	case classText, classBoolean, classInteger, classUnixTime, classNumber, classDecimalText, classUnknown:
		if x.path != nil {
			n, point := x.path.node, e.point(*x.path)
			x.eval = func(c *evaluation) value { return readScalar(c, c.slots[n.slot], point) }
			x.sql, x.wrong = x.path.scalar(), x.path.unreadable(x.path.scalar())
			return x, true
		}
		if x.class == classText || x.class == classDecimalText {
			return x, true
		}
	}
	e.report(c.nodes[i].Location().From, "M2", "%s: %s is %s; it takes the path of a string or a number%s", c.function.Name, x.text, x.class, fixFor(x, classText))
	return x, false
}

func textCall(e *expressionCompiler, c *call) expression {
	x := e.expr(c.nodes[0])
	if x.path == nil && (x.class == classBoolean || x.class == classInteger || x.class == classUnixTime) {
		isBoolean := x.class == classBoolean
		return unaryResult("text", classText, x, forms{sql: sqlTemplate("CAST($1 AS VARCHAR)", x), prep: x.prep}, func(c *evaluation, v value) value {
			start := len(c.scratch)
			if isBoolean {
				c.scratch = strconv.AppendBool(c.scratch, v.num != 0)
			} else {
				c.scratch = strconv.AppendInt(c.scratch, v.num, 10)
			}
			return textValue(c.scratch[start:len(c.scratch):len(c.scratch)])
		})
	}
	scalar, ok := e.scalarArgument(c, 0)
	if !ok {
		return expression{}
	}
	return expression{class: classText, key: cacheKey("text", scalar), scope: scalar.scope, eval: scalar.eval, unit: scalar.unit, forms: scalar.forms}
}

func jsonCall(e *expressionCompiler, c *call) expression {
	p, ok := e.pathArgument(c)
	if !ok {
		return expression{}
	}
	n, point := p.node, e.point(p)
	return expression{
		class: classJSON, key: "json(" + p.key() + ")", scope: p.scope, forms: p.functionForms(c.function),
		eval: func(c *evaluation) value { return readJSON(c, c.slots[n.slot], point) },
	}
}

// refCall compiles ref(path): the id at the path, or the id of the object
// there.
func refCall(e *expressionCompiler, c *call) expression {
	p, ok := e.pathArgument(c)
	if !ok {
		return expression{}
	}
	if k := classOf(p.field); k != classText && k != classReference && k != classObject && k != classUnknown {
		e.report(c.nodes[0].Location().From, "M2", "ref: %s is %s, not an id or an object", p.text(), k)
		return expression{}
	}
	n, id, point := p.node, p.node.member("id"), e.point(p)
	return expression{class: classText, key: "ref(" + p.key() + ")", scope: p.scope, forms: p.functionForms(c.function), eval: func(c *evaluation) value {
		s := c.slots[n.slot]
		if s.kind == jsonObject {
			s = c.slots[id.slot]
		}
		return readText(c, s, point)
	}}
}

func sizeCall(e *expressionCompiler, c *call) expression {
	p, ok := e.pathArgument(c)
	if !ok {
		return expression{}
	}
	k := classOf(p.field)
	if k != classList && k != classMap && k != classObject && k != classUnknown {
		e.report(c.nodes[0].Location().From, "M2", "size: %s is %s; it counts the elements of a list or the members of an object", p.text(), k)
		return expression{}
	}
	n := markIterated(p.node)
	return expression{class: classInteger, key: "size(" + p.key() + ")", scope: p.scope, forms: p.functionForms(c.function), eval: func(c *evaluation) value {
		switch c.slots[n.slot].kind {
		case jsonList:
			return integerValue(int64(len(c.lists[n.list])))
		case jsonObject:
			return integerValue(int64(len(c.lists[n.list]) / 2))
		}
		return value{}
	}}
}

func firstCall(e *expressionCompiler, c *call) expression {
	return endOfList(e, c, func(elements []slot) slot { return elements[0] })
}

func lastCall(e *expressionCompiler, c *call) expression {
	return endOfList(e, c, func(elements []slot) slot { return elements[len(elements)-1] })
}

func endOfList(e *expressionCompiler, c *call, pick func([]slot) slot) expression {
	p, ok := e.pathArgument(c)
	if !ok {
		return expression{}
	}
	if classOf(p.field) != classList || !isReadable(classOf(p.field.Elem)) {
		e.report(c.nodes[0].Location().From, "M2", "%s takes a list of values, which %s is not", c.function.Name, p.text())
		return expression{}
	}
	n, k, point := markIterated(p.node), classOf(p.field.Elem), e.point(p)
	read := valueReader(k)
	return expression{class: k, key: c.function.Name + "(" + p.key() + ")", scope: p.scope, forms: p.endForms(c.function, k), eval: func(c *evaluation) value {
		elements := c.inside(n)
		if c.slots[n.slot].kind != jsonList || len(elements) == 0 {
			return value{}
		}
		return read(c, pick(elements), point)
	}}
}
