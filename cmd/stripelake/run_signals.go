package main

import (
	"fmt"
	"slices"

	"github.com/stripelake/stripelake/internal/pipeline"
)

// Stages of a run that its events tell.
const (
	stageReading  = "reading"
	stageApplying = "applying what was read"
	stageDerive   = "deriving the tables again"
	stageBacklog  = "applying what the log holds"
)

// note shows and records an event of a run.
func (s *signals) note(e pipeline.Event, rebuild bool) {
	s.activity.note(e, rebuild)
	s.record(e)
	switch e.Event {
	case pipeline.EventStarted, pipeline.EventPublished:
		s.activity.begin(map[bool]string{true: stageDerive, false: stageReading}[rebuild])
	case pipeline.EventBacklog:
		if !rebuild {
			s.activity.begin(stageBacklog)
		}
	case pipeline.EventPage, pipeline.EventApplied:
		if e.Objects > 0 && (e.Event == pipeline.EventPage || rebuild) {
			s.show(e.Resource)
		}
	}
}

// derives is the OnEvent of a command that derives tables and prints no events.
func (s *signals) derives(e pipeline.Event) { s.note(e, true) }

// reads is the OnEvent of a command that reads from Stripe and prints no events.
func (s *signals) reads(e pipeline.Event) { s.note(e, false) }

// record logs an event.
func (s *signals) record(e pipeline.Event) {
	log := s.logger()
	switch e.Event {
	case pipeline.EventStarted:
		log.Info(fmt.Sprintf("account %s (%s mode)", e.Account, e.Mode), "account", e.Account, "mode", e.Mode)
	case pipeline.EventNotice:
		if e.Warning {
			log.Warn(e.Message)
		} else {
			log.Info(e.Message)
		}
	case pipeline.EventOutage:
		log.Warn(e.Message, "until", e.Until)
	case pipeline.EventStopped:
		log.Info(e.Message) // a bound is no failure
	case pipeline.EventAnswering:
		log.Warn(e.Message, "seconds", e.Seconds)
	case pipeline.EventSegment:
		log.Debug("segment", "account", e.Account, "resource", e.Resource, "segment", e.Segment, "objects", e.Objects, "unchanged", e.Unchanged)
	case pipeline.EventApplied:
		log.Debug("applied", "account", e.Account, "resource", e.Resource, "segment", e.Segment, "objects", e.Objects, "rows", e.Rows, "rejects", e.Rejects)
	case pipeline.EventRead:
		log.Debug("read", "account", e.Account, "resource", e.Resource, "error", e.Message)
	case pipeline.EventPublished:
		log.Info(fmt.Sprintf("published generation %d", e.Generation), "generation", e.Generation)
	case pipeline.EventFinished:
		sum := e.Summary
		s.summary = sum
		s.ended = []any{
			"outcome", sum.Outcome, "objects", sum.Objects, "unchanged", sum.Unchanged, "rows", sum.Rows, "requests", sum.Requests,
			"rejects", sum.Rejects,
		}
		if sum.Generation > 0 { // otherwise nothing was published
			s.ended = append(s.ended, "generation", sum.Generation)
		}
	}
}

// show draws a resource's line, if lines are drawn.
func (s *signals) show(resource string) {
	if s.bars == nil {
		return
	}
	at := slices.Index(s.activity.order(), resource)
	s.bars.show(resource, at) // -1, for the events, is above all
}

// hide removes a resource's line.
func (s *signals) hide(resource string) {
	if s.bars != nil {
		s.bars.hide(resource)
	}
}
