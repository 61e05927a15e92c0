package rawlog

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stripelake/stripelake/load/internal/trace"
)

// benchObjects returns objects as a list shows them: indented, of some 2,000 bytes.
func benchObjects(n int) (objects []Raw, bytes int64) {
	at := time.Date(2025, 3, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		var text strings.Builder
		fmt.Fprintf(&text, "{\n      \"id\": \"ch_%024x\",\n      \"amount\": %d", i*7919, i)
		for field := range 50 {
			fmt.Fprintf(&text, ",\n      \"field_%d\": \"%d of %x\"", field, field, i*104729)
		}
		text.WriteString("\n    }")
		objects = append(objects, Raw{
			ID: fmt.Sprintf("ch_%024x", i*7919), Created: at, ObservedAt: at, Origin: "list", Livemode: new(false), APIVersion: "2023-10-16",
			RequestID: fmt.Sprintf("req_%d", i/100), Object: []byte(text.String()),
		})
		bytes += int64(text.Len())
	}
	return objects, bytes
}

// BenchmarkAppend appends segments of the size of a sync's.
func BenchmarkAppend(b *testing.B) {
	g := openLog(b, b.TempDir(), trace.Trace{})
	objects, bytes := benchObjects(4000)
	b.SetBytes(bytes)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := g.Append(b.Context(), "charges", objects, "cursor"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkRead(b *testing.B) {
	g := openLog(b, b.TempDir(), trace.Trace{})
	objects, bytes := benchObjects(4000)
	if _, err := g.Append(b.Context(), "charges", objects, "cursor"); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(bytes)
	b.ReportAllocs()
	for b.Loop() {
		if got, err := readAll(b.Context(), g, "charges", 0); err != nil || len(got) != len(objects) {
			b.Fatal(len(got), err)
		}
	}
}

func BenchmarkHash(b *testing.B) {
	objects, bytes := benchObjects(1)
	b.SetBytes(bytes)
	b.ReportAllocs()
	for b.Loop() {
		objects[0].Hash()
	}
}
