package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"syscall"

	"github.com/stripelake/stripelake/load/query"
)

// queryScreen returns the terminal that an answer is shown on, or nil where it goes to a
// file or a program.
func (env *environment) queryScreen(o *queryOptions) *tableScreen {
	if o.out != "" {
		return nil
	}
	s := env.screenOf("--wide shows all")
	if s == nil {
		return nil
	}
	s.wide = o.wide
	if command := env.pagerCommand(); command != "" && !o.noPager {
		s.pager = func() (*pager, error) { return env.startPager(command) }
	}
	return s
}

// writePlan writes what EXPLAIN says, on a terminal a page at a time.
func (env *environment) writePlan(ctx context.Context, o *queryOptions, answer *query.Query, w io.Writer) error {
	on := env.queryScreen(o)
	if on == nil {
		return answer.WritePlan(ctx, &visibleWriter{to: w})
	}
	var plan bytes.Buffer
	if err := answer.WritePlan(ctx, &visibleWriter{to: &plan}); err != nil {
		return err
	}
	p, err := on.page(bytes.Count(plan.Bytes(), []byte("\n")), 0)
	if err != nil {
		return err
	}
	if p == nil {
		_, err = plan.WriteTo(w)
		return err
	}
	_, err = plan.WriteTo(p)
	p.wait()
	if errors.Is(err, syscall.EPIPE) {
		return nil // its reader needs no more
	}
	return err
}
