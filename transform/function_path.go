package transform

import "strconv"

// scalarArgument compiles an argument that is read as the text that was sent:
// a path to a string, number or boolean, or any expression that makes text.
func (e *expressions) scalarArgument(c *call, i int) (expression, bool) {
	x := e.expr(c.nodes[i])
	switch x.class {
	case broken:
		return x, false
	case text, boolean, integer, unixTime, number, decimalText, anything:
		if x.place != nil {
			n, point := x.place.node, e.point(*x.place)
			x.eval = func(c *evaluation) value { return readScalar(c, c.slots[n.slot], point) }
			x.sql, x.wrong = x.place.scalar(), x.place.unread(x.place.scalar())
			return x, true
		}
		if x.class == text || x.class == decimalText {
			return x, true
		}
	}
	e.report(c.nodes[i].Location().From, "M2", "%s: %s is %s; it takes the path of a string or a number%s", c.function.Name, x.text, x.class, fix(x, text))
	return x, false
}

func textCall(e *expressions, c *call) expression {
	x := e.expr(c.nodes[0])
	if x.place == nil && (x.class == boolean || x.class == integer || x.class == unixTime) {
		isBoolean := x.class == boolean
		return made("text", text, x, forms{sql: templated("CAST($1 AS VARCHAR)", x), prep: x.prep}, func(c *evaluation, v value) value {
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
	return expression{class: text, key: spell("text", scalar), scope: scalar.scope, eval: scalar.eval, unit: scalar.unit, forms: scalar.forms}
}

func jsonCall(e *expressions, c *call) expression {
	p, ok := e.pathArgument(c)
	if !ok {
		return expression{}
	}
	n, point := p.node, e.point(p)
	return expression{
		class: source, key: "json(" + p.key() + ")", scope: p.scope, forms: p.applied(c.function),
		eval: func(c *evaluation) value { return readJSON(c, c.slots[n.slot], point) },
	}
}

// refCall reads an id that is there as itself, or as the id of the object in
// its place.
func refCall(e *expressions, c *call) expression {
	p, ok := e.pathArgument(c)
	if !ok {
		return expression{}
	}
	if k := classOf(p.field); k != text && k != reference && k != object && k != anything {
		e.report(c.nodes[0].Location().From, "M2", "ref: %s is %s, not an id or an object", p.path(), k)
		return expression{}
	}
	n, id, point := p.node, p.node.member("id"), e.point(p)
	return expression{class: text, key: "ref(" + p.key() + ")", scope: p.scope, forms: p.applied(c.function), eval: func(c *evaluation) value {
		s := c.slots[n.slot]
		if s.kind == jsonObject {
			s = c.slots[id.slot]
		}
		return readText(c, s, point)
	}}
}

func sizeCall(e *expressions, c *call) expression {
	p, ok := e.pathArgument(c)
	if !ok {
		return expression{}
	}
	k := classOf(p.field)
	if k != list && k != mapOf && k != object && k != anything {
		e.report(c.nodes[0].Location().From, "M2", "size: %s is %s; it counts the elements of a list or the members of an object", p.path(), k)
		return expression{}
	}
	n := iterated(p.node)
	return expression{class: integer, key: "size(" + p.key() + ")", scope: p.scope, forms: p.applied(c.function), eval: func(c *evaluation) value {
		switch c.slots[n.slot].kind {
		case jsonList:
			return integerValue(int64(len(c.lists[n.list])))
		case jsonObject:
			return integerValue(int64(len(c.lists[n.list]) / 2))
		}
		return value{}
	}}
}

func firstCall(e *expressions, c *call) expression {
	return endOfList(e, c, func(elements []slot) slot { return elements[0] })
}

func lastCall(e *expressions, c *call) expression {
	return endOfList(e, c, func(elements []slot) slot { return elements[len(elements)-1] })
}

func endOfList(e *expressions, c *call, pick func([]slot) slot) expression {
	p, ok := e.pathArgument(c)
	if !ok {
		return expression{}
	}
	if classOf(p.field) != list || !readable(classOf(p.field.Elem)) {
		e.report(c.nodes[0].Location().From, "M2", "%s takes a list of values, which %s is not", c.function.Name, p.path())
		return expression{}
	}
	n, k, point := iterated(p.node), classOf(p.field.Elem), e.point(p)
	read := reader(k)
	return expression{class: k, key: c.function.Name + "(" + p.key() + ")", scope: p.scope, forms: p.endForms(c.function, k), eval: func(c *evaluation) value {
		elements := c.inside(n)
		if c.slots[n.slot].kind != jsonList || len(elements) == 0 {
			return value{}
		}
		return read(c, pick(elements), point)
	}}
}
