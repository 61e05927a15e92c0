package main

import (
	"reflect"
	"testing"

	"github.com/urfave/cli/v2"
)

// TestFlagsHaveDestinations holds that what a flag is given goes somewhere, each to a
// place of its own, and that every command refuses what it does not know.
func TestFlagsHaveDestinations(t *testing.T) {
	// Not parallel: two apps of urfave/cli in one process share its help flag.
	var walk func(commands []*cli.Command, above string)
	walk = func(commands []*cli.Command, above string) {
		for _, command := range commands {
			name := above + " " + command.Name
			if command.OnUsageError == nil || command.Action == nil {
				t.Errorf("%s is neither completed by takes nor by groups", name)
			}
			taken := map[uintptr]string{}
			for _, flag := range command.Flags {
				field := "Destination"
				if _, ok := flag.(*cli.GenericFlag); ok {
					field = "Value"
				}
				to := reflect.ValueOf(flag).Elem().FieldByName(field)
				if to.IsNil() {
					t.Errorf("%s --%s goes nowhere", name, flag.Names()[0])
					continue
				}
				if to.Kind() == reflect.Interface {
					to = to.Elem()
				}
				if other, ok := taken[to.Pointer()]; ok {
					t.Errorf("%s --%s overwrites --%s", name, flag.Names()[0], other)
				}
				taken[to.Pointer()] = flag.Names()[0]
			}
			walk(command.Subcommands, name)
		}
	}
	walk(newApp(&environment{}).Commands, "stripelake")
}
