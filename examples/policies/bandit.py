"""The bandit of `adaee` in Python: upper confidence bounds over the thresholds 0, 0.2, ..., 1 of a cascade."""
from math import inf, log, sqrt


class Policy:
    def __init__(self, options):
        self.overhead = options.get("overhead", 0.1)
        self.sum, self.plays = [0.0] * 6, [0] * 6

    def route(self, seen):
        all_plays = sum(self.plays)
        bounds = [s / n + sqrt(log(all_plays) / n) if n else inf for s, n in zip(self.sum, self.plays)]
        seen.note = bounds.index(max(bounds))
        return "phone"

    def after_exit(self, seen):
        stays = seen.at != "phone" or seen.exits[0].confidence >= seen.note / 5
        return "answer" if stays else "cloud"

    def feedback(self, f):
        if not f.failed:
            gain = f.exits[-1].confidence - f.exits[0].confidence
            self.plays[f.note] += 1
            self.sum[f.note] += max(gain, 0) - self.overhead if len(f.exits) > 1 else 0
