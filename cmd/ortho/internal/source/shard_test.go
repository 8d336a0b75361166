package source

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestParseShard(t *testing.T) {
	slurm := func(id, first, last, step, count string) map[string]string {
		return map[string]string{"SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_MIN": first, "SLURM_ARRAY_TASK_MAX": last, "SLURM_ARRAY_TASK_STEP": step, "SLURM_ARRAY_TASK_COUNT": count}
	}
	kubernetes := map[string]string{"JOB_COMPLETION_INDEX": "2"}
	aws := map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "3", "AWS_BATCH_JOB_ARRAY_SIZE": "10"}
	with := func(all ...map[string]string) map[string]string {
		sum := map[string]string{}
		for _, m := range all {
			for k, v := range m {
				sum[k] = v
			}
		}
		return sum
	}
	for _, c := range []struct {
		text string
		env  map[string]string
		want Shard
		err  string
	}{
		{"0/1", nil, Shard{Index: 0, Count: 1}, ""},
		{"07/16", nil, Shard{Index: 7, Count: 16}, ""},
		{"3/8", with(aws, kubernetes), Shard{Index: 3, Count: 8}, ""}, // nothing else is asked
		{"8/8", nil, Shard{}, "0/8 to 7/8"},
		{"0/0", nil, Shard{}, "is not i/n"},
		{"", nil, Shard{}, "is not i/n"},
		{"3", nil, Shard{}, "is not i/n"},
		{"-1/8", nil, Shard{}, "is not i/n"},
		{"+1/8", nil, Shard{}, "is not i/n"},
		{"1/8/2", nil, Shard{}, "is not i/n"},
		{"1/", nil, Shard{}, "is not i/n"},
		{"/8", nil, Shard{}, "is not i/n"},
		{"1 /8", nil, Shard{}, "is not i/n"},
		{"1/99999999999999999999", nil, Shard{}, "is not i/n"},
		{"automatic", nil, Shard{}, "is not i/n"},
		{"auto/x", nil, Shard{}, "is not i/n"},
		{"auto/0", nil, Shard{}, "is not i/n"},

		{"auto", nil, Shard{}, "not a task of an array job"},
		{"auto/4", nil, Shard{}, "not a task of an array job"},
		{"auto", slurm("5", "0", "9", "1", "10"), Shard{Index: 5, Count: 10}, ""},
		{"auto", slurm("1", "1", "10", "1", "10"), Shard{Index: 0, Count: 10}, ""},
		{"auto", slurm("10", "1", "10", "1", "10"), Shard{Index: 9, Count: 10}, ""},
		{"auto", slurm("7", "1", "7", "2", "4"), Shard{Index: 3, Count: 4}, ""},
		{"auto", slurm("3", "1", "7", "2", ""), Shard{Index: 1, Count: 4}, ""},
		{"auto", slurm("3", "1", "7", "", "7"), Shard{Index: 2, Count: 7}, ""},
		{"auto", slurm("7", "7", "7", "0", "1"), Shard{}, "SLURM_ARRAY_TASK_ID=7 alone, which would take everything; to run one of n tasks again give auto/n"},
		{"auto", slurm("0", "0", "0", "1", "1"), Shard{Index: 0, Count: 1}, ""},
		{"auto", slurm("3", "1", "", "", "7"), Shard{Index: 2, Count: 7}, ""},
		{"auto/4", slurm("1", "1", "1", "1", "1"), Shard{Index: 1, Count: 4}, ""}, // --array=1, to run it again
		{"auto/8", slurm("7", "1", "7", "2", "4"), Shard{Index: 7, Count: 8}, ""},
		{"auto/10", slurm("7", "3", "9", "1", "4"), Shard{Index: 7, Count: 10}, ""}, // --array=3,7-9
		{"auto/4", slurm("7", "1", "7", "2", "4"), Shard{}, "auto/4: SLURM_ARRAY_TASK_ID=7 is task 7, counted from 0, but the tasks of 4 are 0 to 3"},
		{"auto/4", slurm("x", "1", "7", "2", "4"), Shard{}, `SLURM_ARRAY_TASK_ID="x" is not a number`},
		{"auto", slurm("7", "1", "7", "1", "3"), Shard{}, "have gaps"}, // --array=1,2,7
		{"auto", slurm("6", "1", "6", "2", "3"), Shard{}, "have gaps"},
		{"auto", slurm("4", "1", "7", "2", "4"), Shard{}, "have gaps"},
		{"auto", slurm("4", "1", "7", "0", "4"), Shard{}, "have gaps"},
		{"auto", slurm("9", "1", "7", "2", "4"), Shard{}, "is not among"},
		{"auto", slurm("0", "1", "7", "2", "4"), Shard{}, "is not among"},
		{"auto", slurm("9", "1", "", "", "4"), Shard{}, "the shards of 4 are 0 to 3"},
		{"auto", slurm("x", "1", "7", "2", "4"), Shard{}, `SLURM_ARRAY_TASK_ID="x" is not a number`},
		{"auto", slurm("1", "1", "7", "2", "4.0"), Shard{}, `SLURM_ARRAY_TASK_COUNT="4.0" is not a number`},
		{"auto", slurm("1", "1", "7", "2", "0"), Shard{}, "SLURM_ARRAY_TASK_COUNT=0"},
		{"auto", slurm("1", "", "7", "2", "4"), Shard{}, "SLURM_ARRAY_TASK_MIN is not"},
		{"auto", slurm("1", "1", "", "", ""), Shard{}, "auto/n"},
		{"auto", slurm("", "1", "7", "2", "x"), Shard{}, "not a task of an array job"},

		{"auto", kubernetes, Shard{}, "JOB_COMPLETION_INDEX=2 doesn't say of how many; give auto/n"},
		{"auto/3", kubernetes, Shard{Index: 2, Count: 3}, ""},
		{"auto/2", kubernetes, Shard{}, "the tasks of 2 are 0 to 1"},
		{"auto", map[string]string{"JOB_COMPLETION_INDEX": "-1"}, Shard{}, "is not a number"},

		{"auto", aws, Shard{Index: 3, Count: 10}, ""},
		{"auto/10", aws, Shard{Index: 3, Count: 10}, ""},
		{"auto/9", aws, Shard{}, "the array job has 10 tasks"},
		{"auto", map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "3"}, Shard{}, "give auto/n"},
		{"auto/4", map[string]string{"AWS_BATCH_JOB_ARRAY_INDEX": "3"}, Shard{Index: 3, Count: 4}, ""},
		{"auto", map[string]string{"AWS_BATCH_JOB_ARRAY_SIZE": "3"}, Shard{}, "not a task of an array job"},

		{"auto", with(kubernetes, slurm("3", "1", "7", "1", "7")), Shard{Index: 2, Count: 7}, ""},
		{"auto/7", with(kubernetes, slurm("2", "1", "7", "1", "7")), Shard{Index: 2, Count: 7}, ""},
		{"auto/7", with(kubernetes, slurm("3", "1", "7", "1", "7")), Shard{}, "SLURM_ARRAY_TASK_ID=3 and JOB_COMPLETION_INDEX=2 disagree"},
		{"auto", with(kubernetes, slurm("2", "1", "7", "1", "7")), Shard{}, "SLURM_ARRAY_TASK_ID=2 and JOB_COMPLETION_INDEX=2 disagree"},
		{"auto", with(aws, slurm("3", "0", "10", "1", "11")), Shard{}, "disagree"},
		{"auto/11", with(aws, slurm("3", "0", "10", "1", "11")), Shard{}, "the array job has 10 tasks"},
	} {
		got, err := ParseShard(c.text, func(name string) string { return c.env[name] })
		if got != c.want || (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
			t.Errorf("%q with %v: %+v, %v; want %+v, %q", c.text, c.env, got, err, c.want, c.err)
		}
	}
}

func FuzzParseShard(f *testing.F) {
	f.Add("3/8", "", "", "", "", "")
	f.Add("auto", "7", "1", "7", "2", "4")
	f.Add("auto/4", "3", "", "", "", "")
	f.Fuzz(func(t *testing.T, text, id, first, last, step, count string) {
		env := map[string]string{"SLURM_ARRAY_TASK_ID": id, "SLURM_ARRAY_TASK_MIN": first, "SLURM_ARRAY_TASK_MAX": last, "SLURM_ARRAY_TASK_STEP": step, "SLURM_ARRAY_TASK_COUNT": count}
		s, err := ParseShard(text, func(name string) string { return env[name] })
		if err == nil && (s.Index < 0 || s.Index >= s.Count) || err != nil && s != (Shard{}) {
			t.Errorf("%q, %v: %+v, %v", text, env, s, err)
		}
	})
}

// TestShards splits sources of all kinds: each item belongs to one shard, by its
// position over all arguments.
func TestShards(t *testing.T) {
	root := tree(t, "d/a.jpg", "d/b.jpg", "d/c.jpg", "e.jpg", "f.jpg")
	t.Chdir(root)
	write(t, "x.tar", string(tarOf(t, false, tarEntry("0.jpg"), tarEntry("0.cls"), tarEntry("1.jpg"), tarEntry("/2.jpg"))))
	write(t, "list.txt", "e.jpg\nx.tar\nmissing.jpg\n")
	args := []string{"d", "x.tar", "-", "@list.txt", "?.jpg"}
	never := func() bool { return false }
	opt := func(s Shard) Options { return Options{Stdin: strings.NewReader("x"), Shard: s} }
	all := names(args, opt(Shard{}))
	if len(all) != 14 {
		t.Fatalf("%q", all)
	}
	for _, n := range []int{1, 2, 3, 7, 14, 20} {
		for i := range n {
			var want []string
			for p := i; p < len(all); p += n {
				want = append(want, all[p])
			}
			if got := names(args, opt(Shard{Index: i, Count: n})); !slices.Equal(got, want) {
				t.Errorf("%d/%d: %q, want %q", i, n, got, want)
			}
			sum := sha256.New()
			for _, name := range want {
				fmt.Fprintf(sum, "%s\x00", filepath.FromSlash(name))
			}
			if s, known := Survey(args, opt(Shard{Index: i, Count: n}), never); !known || s != (Inventory{Items: int64(len(want)), Digest: hex.EncodeToString(sum.Sum(nil))}) {
				t.Errorf("%d/%d: %+v, %v", i, n, s, known)
			}
		}
	}
	if got := names(nil, Options{StdinPaths: true, Stdin: strings.NewReader("a\nb\nc\nd"), Shard: Shard{Index: 1, Count: 3}}); !slices.Equal(got, []string{"b"}) {
		t.Errorf("paths of standard input: %q", got)
	}
}

func TestSurvey(t *testing.T) {
	root := tree(t, "a.jpg", "b.jpg")
	never := func() bool { return false }
	if _, known := Survey([]string{root}, Options{StdinPaths: true}, never); known {
		t.Error("what standard input holds is said to be known")
	}
	if _, known := Survey([]string{"@" + filepath.Join(root, "none")}, Options{}, never); known {
		t.Error("what a list that isn't there holds is said to be known")
	}
	if s, known := Survey([]string{root}, Options{}, func() bool { return true }); known {
		t.Errorf("stopped, yet %+v", s)
	}
	if s, known := Survey([]string{root}, Options{Shard: Shard{Index: 5, Count: 6}}, func() bool { return true }); known {
		t.Errorf("stopped among other shards' items, yet %+v", s)
	}
	stdin := strings.NewReader("image")
	if s, known := Survey([]string{"-", root}, Options{Stdin: stdin}, never); s.Items != 3 || !known || stdin.Len() != 5 {
		t.Errorf("%+v, %v, %d left: standard input was read", s, known, stdin.Len())
	}
	one, _ := Survey([]string{filepath.Join(root, "a.jpg")}, Options{}, never)
	other, _ := Survey([]string{filepath.Join(root, "b.jpg")}, Options{}, never)
	if one.Items != 1 || other.Items != 1 || one.Digest == other.Digest || len(one.Digest) != 64 {
		t.Errorf("%+v, %+v", one, other)
	}
}

// TestShardByName: every item is in one shard, and in the same, whatever else there is.
func TestShardByName(t *testing.T) {
	const count = 4
	shardOf := func(files []string) map[string]int {
		t.Helper()
		in := map[string]int{}
		for index := range count {
			for item := range Items(files, Options{Shard: Shard{Index: index, Count: count, ByName: true}}) {
				if _, twice := in[item.Name]; twice {
					t.Errorf("%s is in two shards", item.Name)
				}
				in[item.Name] = index
			}
		}
		return in
	}
	var files []string
	for i := range 400 {
		files = append(files, fmt.Sprintf("%03d.png", i))
	}
	all, half := shardOf(files), shardOf(files[150:350])
	sizes := [count]int{}
	for _, index := range all {
		sizes[index]++
	}
	if len(all) != len(files) || slices.Min(sizes[:]) < 70 {
		t.Errorf("%d items, %d", len(all), sizes)
	}
	for name, index := range half {
		if all[name] != index {
			t.Errorf("%s has moved", name)
		}
	}
}
