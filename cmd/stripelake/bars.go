package main

import (
	"fmt"
	"io"
	"strconv"
	"sync"
	"time"

	"github.com/mattn/go-runewidth"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// bars draw an activity below the output of the program: a line for each resource
// that is read, and one for the stage.
type bars struct {
	activity *activity
	screen   *screen
	progress *mpb.Progress

	mu     sync.Mutex
	byName map[string]*mpb.Bar // by resource
}

// drawAfter is how long nothing is drawn: most commands are done by then.
const drawAfter = 500 * time.Millisecond

func newBars(screen *screen, activity *activity, yields bool) *bars {
	screen.begin(yields)
	begin := make(chan any)
	time.AfterFunc(drawAfter, func() { close(begin) })
	b := &bars{activity: activity, screen: screen, byName: map[string]*mpb.Bar{}}
	b.progress = mpb.New(mpb.WithConsoleWriter(screen), mpb.WithRenderDelay(begin))
	spinner := mpb.SpinnerStyle("|", "/", "-", `\`).Build()
	b.add(lastLine, func(w io.Writer, stat decor.Statistics) error {
		one := stat
		one.AvailableWidth = 1
		if err := spinner.Fill(w, one); err != nil {
			return err
		}
		return writeLine(w, " "+activity.stageText(), stat.AvailableWidth-1)
	})
	return b
}

// lastLine is the priority of the stage's line: it is below all others.
const lastLine = 1000

// add adds a line. What it shows is only known when it is drawn, so it never
// completes by itself.
func (b *bars) add(priority int, fill mpb.BarFillerFunc) *mpb.Bar {
	return b.progress.New(0, filler{fill}, mpb.BarPriority(priority), mpb.BarFillerTrim())
}

// filler builds itself, for mpb.
type filler struct{ mpb.BarFillerFunc }

// Build returns the filler.
func (f filler) Build() mpb.BarFiller { return f.BarFillerFunc }

// show draws a line for a resource from now on.
func (b *bars) show(resource string, priority int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.byName[resource] == nil {
		bar := mpb.BarStyle().Build()
		b.byName[resource] = b.add(priority, func(w io.Writer, stat decor.Statistics) error {
			return b.activity.drawReading(w, resource, stat, bar)
		})
	}
}

// hide removes the line of a resource.
func (b *bars) hide(resource string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if bar := b.byName[resource]; bar != nil {
		bar.Abort(true)
		delete(b.byName, resource)
	}
}

// stop removes all lines for good.
func (b *bars) stop() {
	b.screen.end()
	b.progress.Shutdown()
}

const (
	wideLine = 60 // columns from which on a line is set out with more room
	leastBar = 12 // columns that a bar needs to show anything
	mostBar  = 40
)

// drawReading draws the line of a resource: its name, the objects so far and,
// where it is known about how many there are, a bar, the share and the time left.
func (a *activity) drawReading(w io.Writer, resource string, stat decor.Statistics, bar mpb.BarFiller) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.read[resource]
	if r == nil {
		return nil
	}
	width, expected := stat.AvailableWidth, r.expected()
	name := min(20, max(width-19, 8)) // columns; the rest is the count, the share and the time
	left, right := fmt.Sprintf("%-*.*s %8s", name, name, resource, digits(r.objects)), ""
	if width >= wideLine {
		left = fmt.Sprintf("  %-21s %9s", resource, digits(r.objects))
	}
	switch {
	case r.done:
		right = " read"
	case expected > 0:
		share := min(float64(r.objects)/float64(expected), 0.99)
		right = fmt.Sprintf(" %3d%% %4s", int(100*share), shortDuration(r.timeLeft(expected)))
		if width >= wideLine {
			left += fmt.Sprintf(" of ~%s", digits(int(expected)))
			right += " left"
		}
	case width >= wideLine:
		right = " objects"
	}
	room := width - len(left) - len(right) - 1
	if r.done || expected == 0 || room < leastBar {
		return writeLine(w, left+right, width)
	}
	if _, err := io.WriteString(w, left+" "); err != nil {
		return err
	}
	stat.AvailableWidth, stat.Total, stat.Current = min(room, mostBar), expected, min(int64(r.objects), expected)
	if err := bar.Fill(w, stat); err != nil {
		return err
	}
	_, err := io.WriteString(w, right)
	return err
}

// writeLine writes a line that has room for this many columns.
func writeLine(w io.Writer, text string, width int) error {
	_, err := io.WriteString(w, runewidth.Truncate(visibleCell(text), max(width, 0), ""))
	return err
}

// shortDuration writes a duration in at most four columns: 12s, 3m, 2h, 4d.
func shortDuration(d time.Duration) string {
	for _, unit := range []struct {
		name string
		of   time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"m", time.Minute}} {
		if d >= 2*unit.of {
			return strconv.Itoa(int(d/unit.of)) + unit.name
		}
	}
	return strconv.Itoa(int(d/time.Second)) + "s"
}
