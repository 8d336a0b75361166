package source

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Shard is one of Count parts of the items: those at the positions p, counted from
// 0 over all arguments, with p mod Count = Index. The zero value is everything.
//
// ByName takes in place of p the first 8 bytes of the SHA-256 of an item's name, big-endian: parts are
// equal only about, but an item that comes or goes moves no other to another part.
type Shard struct {
	Index, Count int
	ByName       bool
}

// String is as ParseShard reads it, and by what; "" for everything.
func (s Shard) String() string {
	if s.Count <= 1 {
		return ""
	}
	text := fmt.Sprintf("%d/%d", s.Index, s.Count)
	if s.ByName {
		text += " by name"
	}
	return text
}

// own passes on a shard's items; it is for one pass.
func (s Shard) own(yield func(Item) bool) func(Item) bool {
	if s.Count <= 1 {
		return yield
	}
	next := 0
	return func(item Item) bool {
		at := next
		if s.ByName {
			digest := sha256.Sum256([]byte(item.Name))
			at = int(binary.BigEndian.Uint64(digest[:]) % uint64(s.Count))
		}
		next = (next + 1) % s.Count
		if at == s.Index {
			return yield(item)
		}
		if item.dropped != nil {
			item.dropped()
		}
		return true
	}
}

// ParseShard reads "i/n", with i from 0 to n-1. With "auto" and "auto/n" it takes
// the task of an array job from getenv's variables: of Slurm, a Kubernetes indexed job or
// AWS Batch. With auto the job's tasks are the shards, in their order; Kubernetes doesn't state how many
// there are. With auto/n the task's own number is i, whatever other tasks the job has, so that
// any of them can be run again: sbatch --array=3,7-9.
func ParseShard(text string, getenv func(string) string) (Shard, error) {
	malformed := fmt.Errorf("%q is not i/n (such as 0/8, the first of eight), auto or auto/n", text)
	index, count, slash := strings.Cut(text, "/")
	var s Shard
	var err error
	if slash {
		if s.Count, err = number(count); err != nil || s.Count == 0 {
			return Shard{}, malformed
		}
	}
	if index == "auto" && slash {
		return ArrayTask(s.Count, getenv)
	} else if index == "auto" {
		return arrayTask(getenv)
	}
	if s.Index, err = number(index); err != nil || !slash {
		return Shard{}, malformed
	}
	if s.Index >= s.Count {
		return Shard{}, fmt.Errorf("%q: shards are counted from 0: those of %d are 0/%d to %d/%d", text, s.Count, s.Count, s.Count-1, s.Count)
	}
	return s, nil
}

// number takes digits only.
func number(text string) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	return int(n), err
}

// ArrayTask is the shard of count whose index is the number of this task of an array job.
func ArrayTask(count int, getenv func(string) string) (Shard, error) {
	s, told, err := agreed(getenv, scheduler.number)
	switch {
	case err != nil:
		return Shard{}, fmt.Errorf("auto/%d: %w", count, err)
	case s.Count > 0 && s.Count != count:
		return Shard{}, fmt.Errorf("auto/%d: the array job has %d tasks (%s)", count, s.Count, told)
	case s.Index >= count:
		return Shard{}, fmt.Errorf("auto/%d: %s is task %d, counted from 0, but the tasks of %d are 0 to %d", count, told, s.Index, count, count-1)
	}
	return Shard{Index: s.Index, Count: count}, nil
}

// arrayTask is the task's place among those of its array job.
func arrayTask(getenv func(string) string) (Shard, error) {
	s, told, err := agreed(getenv, scheduler.task)
	if err != nil {
		return Shard{}, fmt.Errorf("auto: %w", err)
	}
	number, _, _ := agreed(getenv, scheduler.number)
	switch {
	case s.Count == 0:
		return Shard{}, fmt.Errorf("auto: %s doesn't say of how many; give auto/n", told)
	case s.Index >= s.Count:
		return Shard{}, fmt.Errorf("auto: %s is task %d, counted from 0, but the shards of %d are 0 to %d", told, s.Index, s.Count, s.Count-1)
	case s.Count == 1 && number.Index != 0: // most probably one of several that is run again
		return Shard{}, fmt.Errorf("auto: the array job has %s alone, which would take everything; to run one of n tasks again give auto/n", told)
	}
	return s, nil
}

// agreed asks all schedulers: more than one may have set its variables (Slurm
// within Kubernetes), and then they must agree. A count of 0 is not known.
func agreed(getenv func(string) string, ask func(scheduler, func(string) string) (Shard, bool, error)) (s Shard, told string, err error) {
	var all []string
	for _, scheduler := range schedulers {
		t, is, err := ask(scheduler, getenv)
		switch {
		case err != nil:
			return Shard{}, "", fmt.Errorf("%w; give i/n", err)
		case !is:
			continue
		}
		all = append(all, fmt.Sprintf("%s=%s", scheduler.index, getenv(scheduler.index)))
		if len(all) > 1 && (t.Index != s.Index || t.Count > 0 && s.Count > 0 && t.Count != s.Count) {
			return Shard{}, "", fmt.Errorf("%s disagree on which task this is, or of how many; give i/n", strings.Join(all, " and "))
		}
		s = Shard{Index: t.Index, Count: max(s.Count, t.Count)}
	}
	if all == nil {
		return Shard{}, "", errors.New("not a task of an array job: none of SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX and AWS_BATCH_JOB_ARRAY_INDEX is set; give i/n")
	}
	return s, all[0], nil
}

// scheduler names the variables that it sets in a task of an array job: the task's
// index, and where they exist the first, the last, the step between them and how
// many there are.
type scheduler struct{ index, first, last, step, count string }

var schedulers = []scheduler{
	// https://slurm.schedmd.com/job_array.html#env_vars
	{"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_MAX", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"},
	// https://kubernetes.io/docs/concepts/workloads/controllers/job/#completion-mode
	{index: "JOB_COMPLETION_INDEX"},
	// https://docs.aws.amazon.com/batch/latest/userguide/job_env_vars.html
	{index: "AWS_BATCH_JOB_ARRAY_INDEX", count: "AWS_BATCH_JOB_ARRAY_SIZE"},
}

// number is the task's own, as it was submitted. Count is that of all tasks where the scheduler runs them all: 0
// of Slurm, whose job may have any of them.
func (s scheduler) number(getenv func(string) string) (t Shard, is bool, err error) {
	if getenv(s.index) == "" {
		return Shard{}, false, nil
	}
	if t.Index, err = number(getenv(s.index)); err != nil {
		return Shard{}, false, fmt.Errorf("%s=%q is not a number from 0 on", s.index, getenv(s.index))
	}
	if s.first == "" && s.count != "" && getenv(s.count) != "" {
		if t.Count, err = number(getenv(s.count)); err != nil || t.Count == 0 {
			return Shard{}, false, fmt.Errorf("%s=%q is not a number from 1 on", s.count, getenv(s.count))
		}
	}
	return t, true, nil
}

// task counts from 0, one by one. Count is 0 where it isn't stated.
func (s scheduler) task(getenv func(string) string) (t Shard, is bool, err error) {
	if getenv(s.index) == "" {
		return Shard{}, false, nil
	}
	read := func(name string, otherwise int) int {
		if name == "" || getenv(name) == "" {
			return otherwise
		}
		n, bad := number(getenv(name))
		if bad != nil && err == nil {
			err = fmt.Errorf("%s=%q is not a number from 0 on", name, getenv(name))
		}
		return n
	}
	const unset = -1
	index, first, last, step := read(s.index, 0), read(s.first, unset), read(s.last, unset), read(s.step, 1)
	count := read(s.count, unset)
	if s.first == "" {
		first = 0
	}
	if first == last {
		step = 1 // of one task there is none
	}
	switch {
	case err != nil:
		return Shard{}, false, err
	case first == unset:
		return Shard{}, false, fmt.Errorf("%s is set but %s is not, so where the tasks begin is not known", s.index, s.first)
	case count == 0:
		return Shard{}, false, fmt.Errorf("%s=0", s.count)
	case index < first || last != unset && index > last:
		return Shard{}, false, fmt.Errorf("%s=%d is not among the job's tasks (%s=%d, %s=%d)", s.index, index, s.first, first, s.last, last)
	case step == 0 || (index-first)%step != 0 || last != unset && (last-first)%step != 0 ||
		last != unset && count != unset && (last-first)/step+1 != count:
		// Such as --array=1,2,7: the variables don't say which one 7 is among them.
		return Shard{}, false, fmt.Errorf("the numbers of the job's tasks have gaps (%s=%d, %s=%d, %s=%d, %s=%d)", s.first, first, s.last, last, s.step, step, s.count, count)
	case count == unset && last != unset:
		count = (last-first)/step + 1
	}
	return Shard{Index: (index - first) / step, Count: max(0, count)}, true, nil
}
